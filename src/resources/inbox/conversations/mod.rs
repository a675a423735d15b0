//! Conversations: threads of messages with one contact on one channel.

pub mod assignment;
pub mod control;
mod details;
pub mod heirs;
mod model;
pub mod open;
pub mod people;
mod state;
pub mod store;
mod tally;
pub mod timeline;
pub mod visibility;

pub use details::*;
pub use model::*;
pub use state::wake;
