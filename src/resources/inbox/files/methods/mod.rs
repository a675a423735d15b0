//! What can be done with files.

mod create;
mod manage;
mod read;
mod upload;

pub use create::*;
pub use manage::*;
pub use read::*;
pub use upload::*;

use super::model::{FileStatus, Scan, ScanState};
use super::signatures;
use crate::db::Timestamp;
use crate::method::Entry;

/// The methods of files.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<CreateUpload>(),
    Entry::of::<AppendChunk>(),
    Entry::of::<CompleteUpload>(),
    Entry::of::<Info>(),
    Entry::of::<Read>(),
    Entry::of::<ListFiles>(),
    Entry::of::<RotateToken>(),
    Entry::of::<Delete>(),
];

/// The most bytes that a body with bytes in it may have.
const BODY_LIMIT: usize = 12 << 20;
/// The most bytes of a file that come or go in one call.
const INLINE_BYTES: usize = 8 << 20;

/// What is to be made of a file with these first bytes.
fn judge(content_type: &str, bytes: &[u8], now: Timestamp) -> (FileStatus, Scan) {
    let message = signatures::contradiction(content_type, bytes);
    let (status, state) = match message {
        None => (FileStatus::Ready, ScanState::Clean),
        Some(_) => (FileStatus::Quarantined, ScanState::Suspicious),
    };
    (status, Scan { state, at: Some(now), message, ..Scan::default() })
}
