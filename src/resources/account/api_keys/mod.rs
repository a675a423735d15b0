//! API keys: how programs get in. A key acts for the organization itself, or for one of its users.
//!
//! Methods: `apiKeys.create list info update rotate delete`. What a key looks up is its token, in `tokens`; a key that was
//! rotated has two for a while.

mod methods;
mod model;
mod reach;
pub mod store;

pub use methods::*;
pub use model::*;
