use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, FieldError, Kind, Method, Output, Result};
use crate::resources::channels::channels;
use crate::resources::inbox::files::{Attachment, links};
use crate::resources::inbox::messages::{Message, MessageStatus, store};

/// How many files a message has at the most.
pub(super) const MOST_FILES: usize = 20;

arguments! {
    /// Lists the files that came with a message, or will go with it.
    pub struct ListAttachments {
        /// The message.
        pub id: Id,
    }
}

/// The files of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attachments {
    /// The files.
    pub data: Vec<Attachment>,
}

impl Output for Attachments {}

impl Method for ListAttachments {
    const NAME: &'static str = "messages.listAttachments";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Attachments;

    async fn call(self, ctx: Context) -> Result<Attachments> {
        let mut conn = ctx.read().await?;
        let (_, mut message) = store::seen(&ctx, &mut conn, self.id).await?;
        Ok(Attachments { data: std::mem::take(&mut message.details.attachments) })
    }
}

arguments! {
    /// Attaches a file to a draft. One that is attached already is attached once.
    pub struct AddAttachment {
        /// The draft.
        pub id: Id,
        /// The file.
        pub file_id: Id,
    }
}

impl Method for AddAttachment {
    const NAME: &'static str = "messages.addAttachment";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["message.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","file_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let ctx = tx.ctx().clone();
            let (conversation, before) = store::target(tx, self.id).await?;
            before.require(&[MessageStatus::Draft])?;
            if before.details.attachments.iter().any(|file| file.file_id == self.file_id) {
                return Ok(before);
            }
            if before.details.attachments.len() >= MOST_FILES {
                let message = format!("A message has at most {MOST_FILES} files.");
                return Err(Error::new(Code::LimitExceeded, message).with("limit", MOST_FILES));
            }
            let channel = channels::store::find(tx, conversation.organization_id, conversation.channel_id).await?;
            let allows = |kind: &str| channel.as_ref().is_none_or(|channel| channel.allows(kind));
            let mut after = before.clone();
            let attached = links::attach(tx, "/file_id", &[self.file_id], before.id, allows).await;
            after.details.attachments = attached.map_err(|error| of_the_one(&ctx, error))?;
            store::save(tx, before, after, "message.updated").await
        })
        .await
    }
}

/// What is wrong with the one file that was named, without its place in a list.
fn of_the_one(ctx: &Context, error: Error) -> Error {
    match error.fields().first() {
        Some(problem) => {
            let problem = FieldError { pointer: "/file_id".into(), ..problem.clone() };
            Error::arguments(ctx.method(), vec![problem])
        }
        None => error,
    }
}

arguments! {
    /// Takes a file off a draft. The file itself stays.
    pub struct RemoveAttachment {
        /// The draft.
        pub id: Id,
        /// The file.
        pub file_id: Id,
    }
}

impl Method for RemoveAttachment {
    const NAME: &'static str = "messages.removeAttachment";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["message.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","file_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let (_, before) = store::target(tx, self.id).await?;
            before.require(&[MessageStatus::Draft])?;
            let mut after = before.clone();
            after.details.attachments.retain(|file| file.file_id != self.file_id);
            links::detach(tx, self.file_id, before.id).await?;
            store::save(tx, before, after, "message.updated").await
        })
        .await
    }
}
