//! Roles: what users may do, and which conversations they see.
//!
//! Methods: `roles.create list info update delete`. Five roles come with every organization and cannot be changed: [`system`].

mod explain;
mod methods;
mod model;
pub mod store;
pub mod system;

pub use explain::*;
pub use methods::*;
pub use model::*;
