//! Teams: groups of users, and the queries that say which conversations and tickets their members see.
//!
//! Methods: `teams.create list info update delete addMember removeMember listMembers listConversations previewQuery metrics`.

pub mod membership;
mod methods;
mod model;
mod query;
mod shown;
pub mod store;

pub use methods::*;
pub use model::*;
pub use shown::*;
