//! Conversations: threads of messages with one contact on one channel.

mod details;
pub mod heirs;
mod model;
pub mod open;
pub mod people;
pub mod store;
mod tally;
pub mod timeline;
pub mod visibility;

pub use details::*;
pub use model::*;
