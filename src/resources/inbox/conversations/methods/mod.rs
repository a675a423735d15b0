//! What can be done with conversations.

mod assign;
mod bulk;
mod close;
mod control;
mod create;
mod explain;
mod history;
mod merge;
mod read;
mod reading;
mod relations;
mod search;
mod snooze;
mod update;

pub use assign::*;
pub use bulk::*;
pub use close::*;
pub use control::*;
pub use create::*;
pub use explain::*;
pub use history::*;
pub use merge::*;
pub use read::*;
pub use reading::*;
pub use relations::*;
pub use search::*;
pub use snooze::*;
pub use update::*;

pub(super) use update::store_changed;
use update::store_changed_as;

use crate::jobs;
use crate::method::Entry;

/// The methods of conversations.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListConversations>(),
    Entry::of::<Info>(),
    Entry::of::<CountConversations>(),
    Entry::of::<Search>(),
    Entry::of::<Update>(),
    Entry::of::<BulkUpdate>(),
    Entry::of::<Delete>(),
    Entry::of::<Restore>(),
    Entry::of::<Assign>(),
    Entry::of::<AutoAssign>(),
    Entry::of::<Close>(),
    Entry::of::<Reopen>(),
    Entry::of::<MarkSpam>(),
    Entry::of::<UnmarkSpam>(),
    Entry::of::<Snooze>(),
    Entry::of::<Unsnooze>(),
    Entry::of::<SetPending>(),
    Entry::of::<TakeOver>(),
    Entry::of::<Release>(),
    Entry::of::<HandOff>(),
    Entry::of::<MarkRead>(),
    Entry::of::<MarkUnread>(),
    Entry::of::<AddTag>(),
    Entry::of::<RemoveTag>(),
    Entry::of::<SetContact>(),
    Entry::of::<AddFollower>(),
    Entry::of::<RemoveFollower>(),
    Entry::of::<Merge>(),
    Entry::of::<Unmerge>(),
    Entry::of::<Split>(),
    Entry::of::<History>(),
    Entry::of::<AddCheckpoint>(),
    Entry::of::<ExplainVisibility>(),
];

/// The kinds of job that conversations have.
pub const JOBS: &[jobs::Entry] = &[jobs::Entry::of::<ConversationsBulk>()];
