//! Segments: contacts that a query finds, by a name.
//!
//! Methods: `segments.create list info update delete listContacts`. How many contacts a segment has is counted when it is saved, and again
//! every now and then by the server itself: a list of segments counts nothing.

mod methods;
mod model;
pub mod store;

pub use methods::*;
pub use model::*;
