//! The timeline of a conversation: its messages and what happened to it, in the order of their ids, which is that of time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::Conversation;
use super::timeline::{ConversationEvent, Happening};
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Result, Window};
use crate::resources::inbox::messages::{Message, MessageStatus, Visibility};
use crate::schema::{conversation_events, messages};
use crate::{object, run_page, text_enum};

text_enum! {
    /// What an item of a timeline is.
    pub enum ItemType {
        /// Something that was said or noted.
        Message = "message",
        /// Something that happened to the conversation.
        Event = "event",
    }
}

/// An item of the timeline of a conversation: a message, or something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineItem {
    /// The id of the message, or of what happened.
    pub id: Id,
    /// The conversation.
    pub conversation_id: Id,
    /// What it is.
    #[serde(rename = "type")]
    pub type_: ItemType,
    /// The message; null if it is none.
    pub message: Option<Message>,
    /// What happened; null if it is a message.
    pub event: Option<ConversationEvent>,
    /// When it was written, or happened.
    pub created_at: Timestamp,
}

object!(TimelineItem, "timeline_item", ConversationNotFound);

impl From<Message> for TimelineItem {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            conversation_id: message.conversation_id,
            type_: ItemType::Message,
            created_at: message.created_at,
            message: Some(message),
            event: None,
        }
    }
}

impl From<ConversationEvent> for TimelineItem {
    fn from(event: ConversationEvent) -> Self {
        Self {
            id: event.id,
            conversation_id: event.conversation_id,
            type_: ItemType::Event,
            created_at: event.created_at,
            message: None,
            event: Some(event),
        }
    }
}

/// What belongs to a timeline: what was said. What is being written, or waits to be sent, is not there yet.
const SAID: [MessageStatus; 7] = [
    MessageStatus::Queued,
    MessageStatus::Sent,
    MessageStatus::Delivered,
    MessageStatus::Read,
    MessageStatus::Failed,
    MessageStatus::Received,
    MessageStatus::Posted,
];

/// A page of the timeline of a conversation, or of what the contact may read of it. Both tables are read from where the page begins,
/// and as far as it can reach.
pub async fn page(
    conn: &mut Conn,
    conversation: &Conversation,
    types: &[ItemType],
    is_for_contact: bool,
    window: &Window,
) -> Result<(Vec<TimelineItem>, Option<i64>)> {
    let (visible, happenings) = match is_for_contact {
        true => (vec![Visibility::Public], vec![Happening::StateCheckpoint]),
        false => (Visibility::ALL.to_vec(), Happening::ALL.to_vec()),
    };
    let (space, id) = (conversation.organization_id, conversation.id);
    let (mut items, mut total): (Vec<TimelineItem>, Option<i64>) = (Vec::new(), window.wants_total.then_some(0));
    if types.contains(&ItemType::Message) {
        let (rows, count) = run_page!(
            conn,
            window,
            messages::id,
            Message,
            messages::table
                .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(id)))
                .filter(messages::status.eq_any(SAID).and(messages::visibility.eq_any(&visible)))
        );
        items.extend(rows.into_iter().map(TimelineItem::from));
        total = total.zip(count).map(|(sum, count)| sum + count);
    }
    if types.contains(&ItemType::Event) {
        let (rows, count) = run_page!(
            conn,
            window,
            conversation_events::id,
            ConversationEvent,
            conversation_events::table
                .filter(conversation_events::organization_id.eq(space).and(conversation_events::conversation_id.eq(id)))
                .filter(conversation_events::type_.eq_any(&happenings))
        );
        items.extend(rows.into_iter().map(TimelineItem::from));
        total = total.zip(count).map(|(sum, count)| sum + count);
    }
    items.sort_by_key(|item| item.id);
    if window.descending {
        items.reverse();
    }
    items.truncate(usize::try_from(window.fetch()).unwrap_or(usize::MAX));
    Ok((items, total))
}
