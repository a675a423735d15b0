//! What can be done with contacts.

mod authenticate;
mod bulk;
mod create;
mod delete;
mod describe;
mod duplicates;
mod identities;
mod inbox;
mod merge;
mod read;
mod update;
mod upsert;

pub use authenticate::*;
pub use bulk::*;
pub use create::*;
pub use delete::*;
pub use describe::*;
pub use duplicates::*;
pub use identities::*;
pub use inbox::*;
pub use merge::*;
pub use read::*;
pub use update::*;
pub use upsert::*;

pub(in crate::resources) use delete::remove;

use crate::jobs;
use crate::method::Entry;

/// The methods of contacts.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListContacts>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<BulkUpdate>(),
    Entry::of::<Authenticate>(),
    Entry::of::<Upsert>(),
    Entry::of::<Delete>(),
    Entry::of::<Restore>(),
    Entry::of::<Merge>(),
    Entry::of::<Unmerge>(),
    Entry::of::<FindDuplicates>(),
    Entry::of::<ListConversations>(),
    Entry::of::<RecentMessages>(),
    Entry::of::<AddIdentity>(),
    Entry::of::<UpdateIdentity>(),
    Entry::of::<RemoveIdentity>(),
    Entry::of::<FindByIdentity>(),
    Entry::of::<Block>(),
    Entry::of::<Unblock>(),
    Entry::of::<SetConsent>(),
    Entry::of::<AddTag>(),
    Entry::of::<RemoveTag>(),
];

/// The kinds of job that contacts have.
pub const JOBS: &[jobs::Entry] = &[jobs::Entry::of::<ContactsBulk>()];
