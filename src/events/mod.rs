//! The change feed: what was committed, as events in one order for each organization.
//!
//! A write stores its events in the `outbox`, in its own transaction (`src/method/tx.rs`). The [`sequencer`] then gives them their
//! places: numbers without gaps, in the order of commits. Everything that reacts to changes reads the feed by position.

pub mod pattern;
pub mod retention;
pub mod sequencer;
pub mod store;

pub use pattern::Pattern;
pub use store::{Feed, StoredEvent};
