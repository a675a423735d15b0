//! What can be done with messages.

mod add_note;
mod create;
mod read;
mod receive;
mod send;

pub use add_note::*;
pub use create::*;
pub use read::*;
pub use receive::*;
pub use send::*;

use crate::method::{Email, Entry, List, stored};

/// The methods of messages.
pub const METHODS: &[Entry] = &[
    Entry::of::<Receive>(),
    Entry::of::<Send>(),
    Entry::of::<Create>(),
    Entry::of::<AddNote>(),
    Entry::of::<ListMessages>(),
    Entry::of::<Info>(),
];

/// The most bytes of a call that brings a message: its HTML alone may have 500,000 characters.
const BODY_LIMIT: usize = 4 << 20;

fn addresses(list: Option<List<Email, 100>>) -> Vec<String> {
    list.map(|list| list.0.into_iter().map(stored).collect()).unwrap_or_default()
}
