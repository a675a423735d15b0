use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Error, Kind, Method, Result, Void};
use crate::resources::inbox::conversations::{reading, store};

arguments! {
    /// Marks the messages of the contact as read.
    ///
    /// `unread_count` is 0 afterwards, or the number of those that came after `up_to_message_id`. That is no change of the conversation
    /// itself: its version stays. When a contact calls, it is the answers to the contact that were read.
    pub struct MarkRead {
        /// The conversation.
        pub id: Id,
        /// The last message that was read; the latest one if left out.
        pub up_to_message_id: Option<Id>,
    }
}

impl Method for MarkRead {
    const NAME: &'static str = "conversations.markRead";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const EVENTS: &'static [&'static str] = &["conversation.read"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if let Some(message) = self.up_to_message_id
                && !reading::is_in(tx, &before, message).await?
            {
                return Err(unknown("/up_to_message_id", message));
            }
            if tx.ctx().caller()?.contact.is_some() {
                if reading::mark_answers_read(tx, &before, self.up_to_message_id).await? > 0 {
                    tx.emit("conversation.read", &before)?;
                }
                return Ok(Void {});
            }
            let mut after = before.clone();
            let read = reading::mark_read(tx, &before, self.up_to_message_id).await?;
            after.set_unread((before.unread_count - read).max(0));
            if self.up_to_message_id.is_none() {
                after.set_unread(0);
            }
            store::settle(tx, &before, &after).await?;
            if after != before {
                tx.emit_change("conversation.read", &before, &after)?;
            }
            Ok(Void {})
        })
        .await
    }
}

arguments! {
    /// Marks messages of the contact as unread, so that the conversation is found among those that have not been read.
    pub struct MarkUnread {
        /// The conversation.
        pub id: Id,
        /// The first message that counts as unread; the contact's latest one if left out.
        pub from_message_id: Option<Id>,
    }
}

impl Method for MarkUnread {
    const NAME: &'static str = "conversations.markUnread";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["conversation.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let from = match self.from_message_id {
                Some(message) if reading::is_in(tx, &before, message).await? => Some(message),
                Some(message) => return Err(unknown("/from_message_id", message)),
                None => reading::latest_of_contact(tx, &before).await?,
            };
            // Where the contact has written nothing, there is nothing to read.
            let Some(from) = from else { return Ok(Void {}) };
            let mut after = before.clone();
            after.set_unread(before.unread_count + reading::mark_unread(tx, &before, from).await?);
            store::settle(tx, &before, &after).await?;
            if after != before {
                tx.emit_change("conversation.updated", &before, &after)?;
            }
            Ok(Void {})
        })
        .await
    }
}

fn unknown(pointer: &str, message: Id) -> Error {
    Error::argument(pointer, "unknown_id", format!("the conversation has no message {message}"))
}
