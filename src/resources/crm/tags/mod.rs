//! Tags: plain words that objects are marked with, from one list for all kinds of objects.
//!
//! An object holds its tags as people read them, in its own column; `tag_uses` says who uses what. [`store::retag`] keeps both in
//! step, and nothing else writes them.
//!
//! Methods: `tags.create list update delete merge`.

mod merge;
mod methods;
mod model;
pub mod rewrite;
pub mod store;

pub use merge::{Merge, MergeJob};
pub use methods::*;
pub use model::*;
