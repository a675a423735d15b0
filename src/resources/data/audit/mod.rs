//! Who changed what: an entry for every object that a write changed, stored with the change and kept for good.
//!
//! The entries are written by every transaction ([`crate::method::Tx`]); here they are read.

mod fields;
mod methods;
mod model;
mod store;

pub use fields::FIELDS;
pub use methods::{AuditTarget, Info, ListEntries, METHODS};
pub use model::{AuditEntry, Target};
