//! Conversations: threads of messages with one contact on one channel.

mod arguments;
pub mod assignment;
pub mod control;
mod details;
pub mod fields;
mod figures;
mod gone;
pub mod heirs;
mod history;
pub mod list;
mod merging;
mod methods;
mod model;
pub mod movers;
pub mod open;
pub mod people;
mod reading;
pub mod reasons;
mod state;
pub mod store;
mod tally;
pub mod timeline;
pub mod visibility;

pub use details::*;
pub use fields::FIELDS;
pub use gone::take_out;
pub use history::{ItemType, TimelineItem};
pub use methods::*;
pub use model::*;
pub use state::{close_imported, wake};
