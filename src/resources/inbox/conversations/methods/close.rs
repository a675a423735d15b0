use serde_json::json;

use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Error, Kind, Method, Name, Nullable, Result, Scope, Tx, Words, stored,
};
use crate::resources::crm::contacts;
use crate::resources::crm::custom_fields::{FieldObject, values};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{CloseReason, Conversation, Resolution, Status, store};
use crate::resources::inbox::{csat, messages};

arguments! {
    /// Closes a conversation.
    ///
    /// Custom fields that must have a value when a conversation is closed must have one by now. Closing a conversation once more in
    /// the same way changes nothing; one that was closed with another resolution must be reopened first.
    pub struct Close {
        /// The conversation.
        pub id: Id,
        /// Whether the contact was helped.
        pub resolution: Resolution,
        /// A private note on it, which is added to the conversation.
        pub note: Option<Name<100000>>,
        /// Ask the contact how content they were; false if left out.
        pub request_csat: Option<bool>,
    }
}

impl Method for Close {
    const NAME: &'static str = "conversations.close";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["conversation.closed", "message.created", "csat.requested"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","resolution":"resolved"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            close(tx, before, self.resolution, self.note.as_deref(), self.request_csat == Some(true)).await
        })
        .await
    }
}

/// Closes a conversation, which is locked.
pub(super) async fn close(
    tx: &mut Tx<'_>,
    before: Conversation,
    resolution: Resolution,
    note: Option<&str>,
    requests_csat: bool,
) -> Result<Conversation> {
    if !before.goes_on() && !before.is_spam && before.details.resolution == Some(resolution) {
        return Ok(before);
    }
    before.require(&[Status::Open, Status::Pending, Status::Snoozed])?;
    let mut after = before.clone();
    values::apply(tx, FieldObject::Conversation, &mut after.custom_fields, None, values::Moment::Close).await?;
    let reason = if tx.ctx().caller()?.user.is_some() { CloseReason::User } else { CloseReason::Api };
    after.close(tx.now(), reason, Some(resolution));
    let mut closed = store::save(tx, before, after, "conversation.closed").await?;
    if let Some(note) = note {
        closed = messages::note(tx, closed, note).await?;
    }
    let data = json!({ "resolution": resolution, "close_reason": reason });
    timeline::record(tx, &closed, Happening::Closed, data).await?;
    if requests_csat {
        csat::store::request(tx, &closed).await?;
    }
    Ok(closed)
}

arguments! {
    /// Opens a closed conversation again.
    ///
    /// One that AI was answering waits for AI, any other for people.
    pub struct Reopen {
        /// The conversation.
        pub id: Id,
        /// Why.
        pub reason: Nullable<Words<500>>,
    }
}

impl Method for Reopen {
    const NAME: &'static str = "conversations.reopen";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.reopened"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            reopen_closed(tx, before, stored(self.reason.clone())).await
        })
        .await
    }
}

/// Opens a conversation, which is locked, again.
pub(super) async fn reopen_closed(
    tx: &mut Tx<'_>,
    before: Conversation,
    reason: Option<String>,
) -> Result<Conversation> {
    if before.status == Status::Open {
        return Ok(before);
    }
    before.require(&[Status::Closed])?;
    refuse_merged(&before)?;
    if before.is_spam {
        return Err(Error::new(Code::InvalidState, "The conversation is spam; call conversations.unmarkSpam."));
    }
    reopen(tx, before, json!({ "reason": reason })).await
}

async fn reopen(tx: &mut Tx<'_>, before: Conversation, data: serde_json::Value) -> Result<Conversation> {
    let mut after = before.clone();
    after.is_spam = false;
    after.reopen();
    let after = store::save(tx, before, after, "conversation.reopened").await?;
    timeline::record(tx, &after, Happening::Reopened, data).await?;
    Ok(after)
}

/// What goes on in another conversation cannot go on here too.
fn refuse_merged(conversation: &Conversation) -> Result<()> {
    match conversation.details.merged_into_id {
        None => Ok(()),
        Some(id) => Err(Error::new(Code::InvalidState, "The conversation was merged into another one.")
            .with("merged_into_id", id.to_string())),
    }
}

arguments! {
    /// Closes a conversation as spam.
    pub struct MarkSpam {
        /// The conversation.
        pub id: Id,
        /// Block the contact too, which needs the scope contacts:write; false if left out.
        pub block_contact: Option<bool>,
    }
}

impl Method for MarkSpam {
    const NAME: &'static str = "conversations.markSpam";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.closed", "contact.blocked"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        let blocks = self.block_contact == Some(true);
        if blocks {
            require_blocking(&ctx)?;
        }
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            mark_spam(tx, before, blocks).await
        })
        .await
    }
}

/// Refuses a caller who may not block contacts.
pub(super) fn require_blocking(ctx: &Context) -> Result<()> {
    const NEEDED: Scope = Scope::write(Area::Contacts);
    let held = ctx.caller()?.scopes;
    if held.has(NEEDED) {
        return Ok(());
    }
    Err(Error::new(Code::MissingScope, format!("To block the contact needs the scope {NEEDED}."))
        .with("needed", NEEDED.to_string())
        .with("provided", held.words().join(",")))
}

/// Closes a conversation, which is locked, as spam.
pub(super) async fn mark_spam(tx: &mut Tx<'_>, before: Conversation, blocks: bool) -> Result<Conversation> {
    if before.is_spam {
        if blocks {
            block(tx, before.contact_id).await?;
        }
        return Ok(before);
    }
    refuse_merged(&before)?;
    let mut after = before.clone();
    after.is_spam = true;
    after.close(tx.now(), CloseReason::Spam, None);
    let after = store::save(tx, before, after, "conversation.closed").await?;
    let data = json!({ "resolution": null, "close_reason": CloseReason::Spam });
    timeline::record(tx, &after, Happening::Closed, data).await?;
    if blocks {
        block(tx, after.contact_id).await?;
    }
    Ok(after)
}

/// Blocks a contact who sends spam, if there still is one.
async fn block(tx: &mut Tx<'_>, contact: Id) -> Result<()> {
    let Some(before) = contacts::store::lock(tx, contact).await? else { return Ok(()) };
    if before.is_blocked {
        return Ok(());
    }
    let mut after = before.clone();
    after.is_blocked = true;
    after.details.blocked_reason = Some("spam".into());
    contacts::store::save(tx, before, after, "contact.blocked").await?;
    Ok(())
}

arguments! {
    /// Opens a conversation again that was closed as spam, and is none.
    pub struct UnmarkSpam {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for UnmarkSpam {
    const NAME: &'static str = "conversations.unmarkSpam";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.reopened"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if before.is_spam {
                return reopen(tx, before, json!({ "reason": null })).await;
            }
            if before.status == Status::Open {
                return Ok(before);
            }
            Err(Error::new(Code::InvalidState, "The conversation is not marked as spam.")
                .with("from", before.status.as_str()))
        })
        .await
    }
}
