use serde_json::json;

use crate::arguments;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result, Tx, Void};
use crate::resources::inbox::conversations::arguments::conversation_changes;
use crate::resources::inbox::conversations::arguments::types::*;
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{Conversation, store};

/// For how long a conversation that was deleted can be restored, in seconds: 30 days.
pub const RESTORABLE: i64 = 30 * 24 * 60 * 60;

conversation_changes! {
    /// Changes a conversation.
    ///
    /// Fields that are left out stay as they are; null clears what can be cleared. Where the conversation stands, and whose it is, is
    /// changed by methods of their own, such as `conversations.close` and `conversations.assign`.
    pub struct Update {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for Update {
    const NAME: &'static str = "conversations.update";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["conversation.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","priority":"high"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            self.clone().put_into(tx, before).await
        })
        .await
    }
}

/// Stores a conversation of which fields were changed, with what follows from that.
pub(in super::super) async fn store_changed(
    tx: &mut Tx<'_>,
    before: Conversation,
    after: Conversation,
) -> Result<Conversation> {
    store_changed_as(tx, before, after, "conversation.updated").await
}

/// The same, announced as `event`.
pub(super) async fn store_changed_as(
    tx: &mut Tx<'_>,
    before: Conversation,
    after: Conversation,
    event: &'static str,
) -> Result<Conversation> {
    let after = store::save(tx, before.clone(), after, event).await?;
    if after.priority != before.priority {
        let data = json!({ "priority": after.priority, "previous_priority": before.priority });
        timeline::record(tx, &after, Happening::PriorityChanged, data).await?;
    }
    timeline::record_tags(tx, &before, &after).await?;
    Ok(after)
}

arguments! {
    /// Deletes a conversation with its messages.
    ///
    /// For 30 days it can be restored; then it is gone for good.
    pub struct Delete {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "conversations.delete";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["conversation.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let conversation = store::target(tx, self.id).await?;
            store::delete(tx, conversation).await?;
            Ok(Void {})
        })
        .await
    }
}

arguments! {
    /// Restores a conversation that was deleted less than 30 days ago.
    ///
    /// One that is not deleted stays as it is.
    pub struct Restore {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for Restore {
    const NAME: &'static str = "conversations.restore";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::Expired];
    const EVENTS: &'static [&'static str] = &["conversation.restored"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let deleted = match store::lock_deleted(tx, self.id).await? {
                Some(deleted) => tx.target(Some(deleted))?,
                None => return store::target(tx, self.id).await,
            };
            if deleted.deleted_at.is_some_and(|at| at.plus_seconds(RESTORABLE) <= tx.now()) {
                return Err(Error::new(Code::Expired, "The conversation was deleted more than 30 days ago."));
            }
            store::restore(tx, deleted).await
        })
        .await
    }
}
