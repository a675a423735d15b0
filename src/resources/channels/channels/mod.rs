//! Channels: where the messages of a conversation come from and go to.
//!
//! Methods: `channels.create list info update delete`.
//!
//! Two types need no provider: on an `api` channel messages come and go through this API, and what is written on an `internal` one
//! leaves the organization never. Each space has one default channel of each type, made when it is first needed:
//! [`store::default_of`].

mod methods;
mod model;
pub mod store;

pub use methods::*;
pub use model::*;
