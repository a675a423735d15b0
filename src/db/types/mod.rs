//! Column types that mean the same on both databases.

mod id;
mod json;
pub mod text_enum;
mod timestamp;

pub use id::{Id, IdSql, Ids};
pub use json::{Json, JsonSql};
pub use timestamp::{Timestamp, TimestampSql};
