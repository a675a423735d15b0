//! Files: bytes with a name, stored once for all files of a space that have the same ones.
//!
//! Methods: `files.create createUpload appendChunk completeUpload info read list rotateToken delete`; and `GET /f/<token>`, which
//! anybody may call who has the token (`src/http/files.rs`).
//!
//! A file is small enough to come in one call, or is uploaded in chunks. [`signatures`] compares what it says it is with what its
//! bytes say; [`storage`] brings bytes to the store and takes them away; [`links`] says what files belong to.

pub mod assembly;
pub mod links;
mod methods;
mod model;
pub mod public;
pub mod sight;
pub mod signatures;
pub mod storage;
pub mod store;

pub use methods::*;
pub use model::*;
