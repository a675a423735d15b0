//! What can be done with companies.

mod belongings;
mod bulk;
mod create;
mod delete;
mod merge;
mod read;
mod stage;
mod tag;
mod update;
mod upsert;

pub use belongings::{ListContacts, ListConversations};
pub use bulk::{BulkUpdate, Change, Changes, CompaniesBulk};
pub use create::Create;
pub use delete::Delete;
pub use merge::Merge;
pub use read::{Info, ListCompanies};
pub use stage::MoveStage;
pub use tag::{AddTag, RemoveTag};
pub use update::Update;
pub use upsert::{MatchOn, Upsert, Upserted};

pub(in crate::resources) use delete::remove;

use crate::jobs;
use crate::method::Entry;

/// The methods of companies.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListCompanies>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<BulkUpdate>(),
    Entry::of::<Upsert>(),
    Entry::of::<Delete>(),
    Entry::of::<Merge>(),
    Entry::of::<MoveStage>(),
    Entry::of::<ListContacts>(),
    Entry::of::<ListConversations>(),
    Entry::of::<AddTag>(),
    Entry::of::<RemoveTag>(),
];

/// The kinds of job that companies have.
pub const JOBS: &[jobs::Entry] = &[jobs::Entry::of::<CompaniesBulk>()];
