//! Teams: groups of users, and the queries that say which conversations and tickets their members see.
//!
//! Methods: `teams.create list info update delete addMember removeMember listMembers`.

pub mod membership;
mod methods;
mod model;
mod query;
pub mod store;

pub use methods::*;
pub use model::*;
