//! Custom fields: what an organization wants to know about its contacts, companies and conversations beyond what everybody does,
//! with types that are checked on every write.
//!
//! Methods: `customFields.create list info update delete`.

mod methods;
mod model;
pub mod store;
pub mod values;

pub use methods::*;
pub use model::*;
