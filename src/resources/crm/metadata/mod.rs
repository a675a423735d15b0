//! Metadata: the free document that objects of most kinds have, changed in one way for all of them.
//!
//! Methods: `metadata.upsert`.

mod methods;

pub use methods::*;
