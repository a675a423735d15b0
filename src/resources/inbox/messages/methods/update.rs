use super::BODY_LIMIT;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Document, Email, Error, Kind, List, Method, Nullable, Patch, Result, Void, Words,
};
use crate::method::{Scope, Tx};
use crate::resources::inbox::conversations::{self, Conversation};
use crate::resources::inbox::messages::{Approval, ApprovalState, Html, Message, MessageStatus, author, store};
use crate::resources::inbox::timers::{self, TimerKind};

arguments! {
    /// Changes a message.
    ///
    /// Of a draft everything can be changed, of a note its words, by the user who wrote it; of all others `metadata` only.
    pub struct Update {
        /// The message.
        pub id: Id,
        /// What it says.
        pub text: Patch<Nullable<Words<100000>>>,
        /// The same as HTML. What is in it that could run is never shown.
        pub html: Patch<Nullable<Words<500000>>>,
        /// Its subject.
        pub subject: Patch<Nullable<Words<998>>>,
        /// What it holds besides, in the channel's own form.
        pub content: Patch<Nullable<Document>>,
        /// The addresses it goes to.
        pub to: Patch<List<Email, 100>>,
        /// The addresses that get a copy.
        pub cc: Patch<List<Email, 100>>,
        /// The addresses that get a copy without the others' knowledge.
        pub bcc: Patch<List<Email, 100>>,
        /// Anything you want to keep with the message; merged key by key, null removes a key.
        pub metadata: Patch<Document>,
    }
}

impl Method for Update {
    const NAME: &'static str = "messages.update";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["message.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","metadata":{"source":{"campaign":"spring"}}}"#;
    const BODY_LIMIT: usize = BODY_LIMIT;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let (_, before) = store::target(tx, args.id).await?;
            let mut after = before.clone();
            args.metadata.apply(&mut after.metadata);
            if let Some(problem) = Document::problem(&after.metadata) {
                return Err(Error::argument("/metadata", "too_long", problem));
            }
            let with_metadata = after.clone();
            args.text.apply(&mut after.text);
            args.subject.apply(&mut after.subject);
            args.content.apply(&mut after.content);
            set_html(&mut after, args.html.sent());
            for (sent, kept) in [
                (args.to, &mut after.details.0.to),
                (args.cc, &mut after.details.0.cc),
                (args.bcc, &mut after.details.0.bcc),
            ] {
                if let Patch::Set(list) = sent {
                    *kept = super::addresses(Some(list));
                }
            }
            if after != with_metadata {
                require_writable(tx, &before).await?;
                after.require_something()?;
                after.settle_kind();
                // What was approved was something else.
                if before.details.approval.state == ApprovalState::Approved {
                    after.details.approval = Approval::default();
                }
                if before.status == MessageStatus::Posted {
                    after.details.edited_at = Some(tx.now());
                }
            }
            store::save(tx, before, after, "message.updated").await
        })
        .await
    }
}

/// Sets the HTML, unless it is what callers see of it already: then the original stays.
pub(super) fn set_html(message: &mut Message, sent: Option<&Nullable<Words<500_000>>>) {
    let Some(Nullable(sent)) = sent else { return };
    let shown = message.html.as_ref().map(Html::safe);
    if shown.as_deref() != sent.as_deref() {
        message.html = sent.as_deref().map(Html::from);
    }
}

/// Refuses to change the words of what was said, and of other people's notes.
async fn require_writable(tx: &mut Tx<'_>, message: &Message) -> Result<()> {
    message.require(&[MessageStatus::Draft, MessageStatus::Posted])?;
    if message.status == MessageStatus::Posted && *message.author != author::of_caller(tx).await? {
        return Err(Error::new(Code::NoPermission, "A note is changed by the one who wrote it."));
    }
    Ok(())
}

arguments! {
    /// Deletes a message.
    ///
    /// Drafts, notes and what waits to be sent can be deleted by everybody who may write messages; what was sent or received only by
    /// those who have the scope `privacy:write`.
    pub struct Delete {
        /// The message.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "messages.delete";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Delete;
    const ERRORS: &'static [Code] = &[Code::MissingScope];
    const EVENTS: &'static [&'static str] = &["message.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let (before, message) = store::target(tx, self.id).await?;
            if message.is_said() && message.status != MessageStatus::Posted {
                super::require_scope(tx.ctx(), Scope::write(Area::Privacy))?;
            }
            remove(tx, &before, &message).await?;
            Ok(Void {})
        })
        .await
    }
}

/// Deletes a message of a conversation; both are locked.
pub(in crate::resources) async fn remove(tx: &mut Tx<'_>, before: &Conversation, message: &Message) -> Result<()> {
    timers::clear(tx, TimerKind::SendMessage, message.id).await?;
    store::delete(tx, message).await?;
    let mut after = before.clone();
    let latest = store::latest_said(tx, before.organization_id, before.id).await?;
    after.forget(message, latest.as_ref());
    conversations::store::settle(tx, before, &after).await
}
