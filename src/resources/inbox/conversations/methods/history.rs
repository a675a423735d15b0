use serde_json::Value;

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Document, Error, Kind, List, Method, Page, Result};
use crate::resources::inbox::conversations::history::{self, ItemType, TimelineItem};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{Conversation, store, visibility::Sight};
use crate::resources::inbox::messages::{self, Message};

arguments! {
    /// Answers the timeline of a conversation: its messages and notes, and what happened to it, oldest first.
    ///
    /// What is being written or waits to be sent is not part of it yet. Contacts read what is public, and their clients' checkpoints.
    pub struct History paged {
        /// The conversation.
        pub id: Id,
        /// Only messages, or only what happened; both if left out.
        pub types: Option<List<ItemType, 2>>,
    }
}

impl Method for History {
    const NAME: &'static str = "conversations.history";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const FOR_CONTACTS: bool = true;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Page<TimelineItem>;

    async fn call(self, ctx: Context) -> Result<Page<TimelineItem>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let sight = Sight::of(&ctx, &mut conn).await?;
        let found = store::seen(&mut conn, &sight, ctx.space(), self.id).await?;
        let conversation = found.ok_or_else(Error::not_found::<Conversation>)?;
        let is_of_contact = ctx.caller()?.contact.is_some();
        let types = self.types.map_or(ItemType::ALL.to_vec(), |types| types.0);
        let (mut items, total) = history::page(&mut conn, &conversation, &types, is_of_contact, &window).await?;
        let mut shown: Vec<Message> = items.iter_mut().filter_map(|item| item.message.take()).collect();
        messages::store::show_files(&ctx, &mut conn, &mut shown).await?;
        let mut shown = shown.into_iter();
        for item in items.iter_mut().filter(|item| item.type_ == ItemType::Message) {
            item.message = shown.next();
        }
        Ok(window.page(&ctx, (items, total)))
    }
}

arguments! {
    /// Puts down in the timeline where a client stands, so that it can go on from there later.
    pub struct AddCheckpoint {
        /// The conversation.
        pub id: Id,
        /// Whatever the client wants to find again.
        pub payload: Document,
    }
}

impl Method for AddCheckpoint {
    const NAME: &'static str = "conversations.addCheckpoint";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","payload":{"step":"address"}}"#;
    type Output = TimelineItem;

    async fn call(self, ctx: Context) -> Result<TimelineItem> {
        ctx.write(async move |tx| {
            let conversation = store::target(tx, self.id).await?;
            let payload = Value::Object(self.payload.0.clone());
            Ok(timeline::record(tx, &conversation, Happening::StateCheckpoint, payload).await?.into())
        })
        .await
    }
}
