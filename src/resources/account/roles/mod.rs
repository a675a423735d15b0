//! Roles: what users may do, and which conversations they see.
//!
//! Methods: `roles.create list info update delete`.

mod model;
pub mod store;

pub use model::*;
