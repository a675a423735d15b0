//! Many calls in one request, where later ones may use what earlier ones answered.
//!
//! `plan.rs` looks at all calls before the first one is made, and refuses what is not well-formed. `references.rs` finds and fills in
//! the references. `running.rs` makes the calls: each by itself, or all in one transaction that is open around them
//! ([`crate::db::Ambient`]), so that no method knows of batches.

mod methods;
mod model;
mod plan;
mod references;
mod running;

pub use methods::{METHODS, Run, RunCall};
pub use model::{CallResult, Results};
