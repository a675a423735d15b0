//! Messages: what contacts write and what is written to them, notes, drafts and what waits to be sent.

mod body;
mod details;
mod fields;
pub mod html;
mod model;
pub mod store;

pub use body::Html;
pub use details::*;
pub use fields::FIELDS;
pub use model::*;
