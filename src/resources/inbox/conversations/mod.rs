//! Conversations: threads of messages with one contact on one channel.

mod details;
mod model;
pub mod open;
pub mod people;
pub mod store;
mod tally;
pub mod timeline;

pub use details::*;
pub use model::*;
