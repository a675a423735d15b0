use serde_json::json;

use crate::arguments;
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{
    Access, Area, Code, Context, Error, FieldError, Kind, List, Method, Nullable, Page, Result, Tx, Words, stored,
};
use crate::resources::inbox::conversations::figures::recount;
use crate::resources::inbox::conversations::open::{Opening, open};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{Conversation, Details, merging, store};
use crate::run;
use crate::schema::messages;

arguments! {
    /// Merges conversations with the same contact into one.
    ///
    /// Their messages go to the destination, where they stand in the order of their times. The sources are closed; `merged_into_id` says
    /// where they go on, and what comes in for them goes there. The timeline tells the `merge_id`, by which the merge can be undone for
    /// 30 days.
    pub struct Merge {
        /// The conversations whose messages are moved.
        pub source_ids: List<Id, 20>,
        /// The conversation that they become part of.
        pub destination_id: Id,
    }
}

impl Method for Merge {
    const NAME: &'static str = "conversations.merge";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const DRY_RUN: bool = true;
    const ERRORS: &'static [Code] = &[Code::MergeConflict, Code::Cycle];
    const EVENTS: &'static [&'static str] = &["conversation.merged"];
    const EXAMPLE: &'static str = r#"{"source_ids":["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"],"destination_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| merging::merge(tx, self.destination_id, &self.source_ids).await).await
    }
}

arguments! {
    /// Undoes a merge that is less than 30 days old.
    ///
    /// The sources get back the messages that came from them, and stand where they stood. What was written since stays in the
    /// destination. A merge that was undone already stays so.
    pub struct Unmerge {
        /// The merge, as the timeline tells it.
        pub merge_id: Id,
    }
}

impl Method for Unmerge {
    const NAME: &'static str = "conversations.unmerge";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::Expired, Code::MergeConflict];
    const EVENTS: &'static [&'static str] = &["conversation.unmerged"];
    const EXAMPLE: &'static str = r#"{"merge_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Page<Conversation>;

    async fn call(self, ctx: Context) -> Result<Page<Conversation>> {
        ctx.write(async move |tx| Ok(Page::whole(merging::unmerge(tx, self.merge_id).await?))).await
    }
}

arguments! {
    /// Makes a new conversation of some messages of another one.
    ///
    /// It is held with the same contact on the same channel, and is in the same hands. The messages keep their ids and times. The answer
    /// is the new conversation.
    pub struct Split {
        /// The conversation that has the messages.
        pub id: Id,
        /// The messages that go.
        pub message_ids: List<Id, 1000>,
        /// What the new conversation is about; the same as the other if left out.
        pub subject: Nullable<Words<998>>,
    }
}

impl Method for Split {
    const NAME: &'static str = "conversations.split";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["conversation.created", "conversation.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","message_ids":["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"]}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        if self.message_ids.is_empty() {
            return Err(Error::argument("/message_ids", "required", "name one message at least"));
        }
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            require_messages(tx, &before, &self.message_ids).await?;
            let subject: Option<String> = stored(self.subject.clone());
            let opening = Opening {
                contact_id: before.contact_id,
                company_id: before.company_id,
                channel_id: before.channel_id,
                channel_type: before.channel_type.clone(),
                source: before.source.clone(),
                team_id: before.team_id,
                subject: subject.or_else(|| before.subject.clone()),
                external_id: None,
                details: Details { language: before.details.language.clone(), ..Details::default() },
                metadata: serde_json::Map::new(),
                created_at: None,
            };
            let mut new = open(tx, opening).await?;
            new.assigned_to_user_id = before.assigned_to_user_id;
            new.handler = before.handler;
            store::insert(tx, &new).await?;
            let blank = new.clone();
            move_messages(tx, &before, &new, &self.message_ids).await?;
            merging::words_follow(tx, new.id).await?;
            recount(tx, &mut new).await?;
            store::settle(tx, &blank, &new).await?;
            tx.emit("conversation.created", &new)?;
            let mut after = before.clone();
            recount(tx, &mut after).await?;
            let after = store::save_as(tx, before, after, "conversation.updated").await?;
            let data = json!({ "conversation_id": new.id, "message_ids": self.message_ids.0 });
            timeline::record(tx, &after, Happening::Split, data).await?;
            timeline::record(tx, &new, Happening::Split, json!({ "source_id": after.id })).await?;
            Ok(new)
        })
        .await
    }
}

async fn require_messages(tx: &mut Tx<'_>, conversation: &Conversation, ids: &[Id]) -> Result<()> {
    let found: Vec<Id> = run!(tx, |c| messages::table
        .filter(messages::organization_id.eq(conversation.organization_id))
        .filter(messages::conversation_id.eq(conversation.id).and(messages::id.eq_any(ids)))
        .select(messages::id)
        .load(c))?;
    let unknown: Vec<FieldError> = ids
        .iter()
        .enumerate()
        .filter(|(_, id)| !found.contains(id))
        .map(|(index, id)| {
            let message = format!("the conversation has no message {id}");
            FieldError::new(format!("/message_ids/{index}"), "unknown_id", message)
        })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}

async fn move_messages(tx: &mut Tx<'_>, from: &Conversation, to: &Conversation, ids: &[Id]) -> Result<()> {
    let now = tx.now();
    run!(tx, |c| diesel::update(messages::table)
        .filter(messages::organization_id.eq(from.organization_id))
        .filter(messages::conversation_id.eq(from.id).and(messages::id.eq_any(ids)))
        .set((
            messages::conversation_id.eq(to.id),
            messages::version.eq(messages::version + 1),
            messages::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}
