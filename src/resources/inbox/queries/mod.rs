//! Queries themselves: which fields can be asked for, and whether a query is right before it is saved.
//!
//! Methods: `queries.validate fields`.

mod methods;
mod model;

pub use methods::*;
pub use model::*;
