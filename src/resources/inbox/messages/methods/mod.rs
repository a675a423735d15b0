//! What can be done with messages.

mod add_note;
mod approvals;
mod attachments;
mod create;
mod drafts;
mod feedback;
mod read;
mod receive;
mod report_delivery;
mod schedule;
mod send;
mod update;

pub use add_note::*;
pub use approvals::*;
pub use attachments::*;
pub use create::*;
pub use drafts::*;
pub use feedback::*;
pub use read::*;
pub use receive::*;
pub use report_delivery::*;
pub use schedule::{CancelScheduled, Resend, Schedule};
pub use send::*;
pub use update::{Delete, Update};

pub(in crate::resources) use update::remove;

use crate::method::{Code, Context, Email, Entry, Error, List, Result, Scope, stored};

/// The methods of messages.
pub const METHODS: &[Entry] = &[
    Entry::of::<Receive>(),
    Entry::of::<Send>(),
    Entry::of::<Create>(),
    Entry::of::<AddNote>(),
    Entry::of::<ListMessages>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
    Entry::of::<DraftInfo>(),
    Entry::of::<Preview>(),
    Entry::of::<Schedule>(),
    Entry::of::<CancelScheduled>(),
    Entry::of::<Resend>(),
    Entry::of::<RequestApproval>(),
    Entry::of::<Approve>(),
    Entry::of::<Reject>(),
    Entry::of::<ListApprovals>(),
    Entry::of::<SuggestReplies>(),
    Entry::of::<VoteOn>(),
    Entry::of::<ListAttachments>(),
    Entry::of::<AddAttachment>(),
    Entry::of::<RemoveAttachment>(),
    Entry::of::<ReportDelivery>(),
];

/// The most bytes of a call that brings a message: its HTML alone may have 500,000 characters.
const BODY_LIMIT: usize = 4 << 20;

fn addresses(list: Option<List<Email, 100>>) -> Vec<String> {
    list.map(|list| list.0.into_iter().map(stored).collect()).unwrap_or_default()
}

/// Asks for a scope that is needed only for some calls of a method.
fn require_scope(ctx: &Context, needed: Scope) -> Result<()> {
    let held = ctx.caller()?.scopes;
    if held.has(needed) {
        return Ok(());
    }
    Err(Error::new(Code::MissingScope, format!("{} needs the scope {needed} for this.", ctx.method()))
        .with("needed", needed.to_string())
        .with("provided", held.words().join(",")))
}
