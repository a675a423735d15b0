//! What happened to a conversation besides its messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::model::Conversation;
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Actor, Result, Tx};
use crate::schema::conversation_events;
use crate::{run, text_enum};

text_enum! {
    /// What happened to a conversation.
    pub enum Happening {
        /// A user got it.
        Assigned = "assigned",
        /// The user it was assigned to has it no more.
        Unassigned = "unassigned",
        /// A team got it.
        TeamAssigned = "team_assigned",
        /// The team it was assigned to has it no more.
        TeamUnassigned = "team_unassigned",
        /// It was handed to people.
        Handoff = "handoff",
        /// A person took it over from AI.
        TakenOver = "taken_over",
        /// It was given back to AI.
        Released = "released",
        /// What AI had written was thrown away, because a person had taken over.
        AiReplyDiscarded = "ai_reply_discarded",
        /// It was closed.
        Closed = "closed",
        /// It was opened again.
        Reopened = "reopened",
        /// It was put off.
        Snoozed = "snoozed",
        /// It came back.
        Unsnoozed = "unsnoozed",
        /// It got a tag.
        TagAdded = "tag_added",
        /// It lost a tag.
        TagRemoved = "tag_removed",
        /// It became more or less urgent.
        PriorityChanged = "priority_changed",
        /// It belongs to another contact now.
        ContactUpdated = "contact_updated",
        /// The contact was asked how content they were.
        CsatRequested = "csat_requested",
        /// The contact said how content they were.
        CsatSubmitted = "csat_submitted",
        /// Other conversations went into it, or it went into another.
        Merged = "merged",
        /// A merge was undone.
        Unmerged = "unmerged",
        /// Some of its messages became a conversation of their own, or it was made of such messages.
        Split = "split",
        /// A client put down where it stood.
        StateCheckpoint = "state_checkpoint",
    }
}

/// Something that happened to a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversation_events)]
pub struct ConversationEvent {
    #[serde(skip)]
    pub organization_id: Id,
    /// Names it.
    pub id: Id,
    #[serde(skip)]
    pub conversation_id: Id,
    /// What happened.
    #[serde(rename = "type")]
    pub type_: Happening,
    /// Who did it.
    pub actor: Json<Actor>,
    /// What there is to say of it.
    pub data: Json<Map<String, Value>>,
    /// When.
    pub created_at: Timestamp,
}

/// Puts down what happened to a conversation. `data` is an object.
pub async fn record(
    tx: &mut Tx<'_>,
    conversation: &Conversation,
    happening: Happening,
    data: Value,
) -> Result<ConversationEvent> {
    let event = ConversationEvent {
        organization_id: conversation.organization_id,
        id: tx.new_id(),
        conversation_id: conversation.id,
        type_: happening,
        actor: Json(tx.ctx().caller()?.actor.clone()),
        data: Json(data.as_object().cloned().unwrap_or_default()),
        created_at: tx.now(),
    };
    run!(tx, |c| diesel::insert_into(conversation_events::table).values(&event).execute(c))?;
    Ok(event)
}

/// Puts down the tags that a conversation got and lost.
pub async fn record_tags(tx: &mut Tx<'_>, before: &Conversation, after: &Conversation) -> Result<()> {
    for tag in after.tags.iter().filter(|tag| !before.tags.contains(tag)) {
        record(tx, after, Happening::TagAdded, json!({ "tag": tag })).await?;
    }
    for tag in before.tags.iter().filter(|tag| !after.tags.contains(tag)) {
        record(tx, after, Happening::TagRemoved, json!({ "tag": tag })).await?;
    }
    Ok(())
}
