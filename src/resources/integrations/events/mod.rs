//! The change feed, as callers read it: by asking (`events.list`, which can wait), or as a stream (`events.stream`).
//!
//! The feed itself is made by [`crate::events`]. Here is what a caller sees of it: [`sight`] leaves out what they may not read,
//! [`filter`] what they do not want, and [`reading`] goes through the feed by position with both.

pub mod filter;
mod methods;
mod model;
mod place;
mod reading;
pub mod sight;
mod stream;
mod ticket;

pub use methods::*;
pub use model::*;
pub use place::Place;
pub use stream::Streams;
pub use ticket::{Ticket, open as open_ticket};
