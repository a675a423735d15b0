//! The API about itself: what methods there are, what errors mean, whether the server is well.
//!
//! Methods: `api.methods info errors health test`, `auth.test`.

mod methods;
mod model;

pub use methods::*;
pub use model::*;
