//! Views: queries that were saved under a name, for one user, a team, or everybody.
//!
//! Methods: `views.create list info update delete`. A view shows nothing that who looks through it would not see without.

mod counts;
mod methods;
mod model;
pub mod store;

pub use methods::*;
pub use model::*;
