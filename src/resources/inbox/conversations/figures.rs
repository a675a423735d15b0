//! The figures of a conversation that follow from its messages, made anew when messages came to it or left it.

use super::model::{Conversation, Status};
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::resources::inbox::messages::{Direction, Message, MessageStatus};
use crate::run;
use crate::schema::messages;

/// How many messages are read at a time.
const BATCH: i64 = 500;

/// Counts everything again, by taking note of each message as if it came now. Who answers the contact stays as it is.
pub async fn recount(tx: &mut Tx<'_>, conversation: &mut Conversation) -> Result<()> {
    let handler = conversation.handler;
    conversation.message_count = 0;
    conversation.last_message_at = None;
    conversation.waiting_since = None;
    conversation.details.last_message = None;
    conversation.details.first_response_at = None;
    let (mut unread, mut after) = (0, Id::NIL);
    loop {
        let batch: Vec<Message> = run!(tx, |c| messages::table
            .filter(messages::organization_id.eq(conversation.organization_id))
            .filter(messages::conversation_id.eq(conversation.id).and(messages::id.gt(after)))
            .order(messages::id)
            .limit(BATCH)
            .select(Message::as_select())
            .load(c))?;
        for message in &batch {
            conversation.take_note_of(message);
            let is_unread = message.direction == Direction::Inbound && message.status == MessageStatus::Received;
            unread += i32::from(is_unread && !message.details.is_imported && !message.details.is_ignored);
        }
        match batch.last() {
            Some(last) if batch.len() == BATCH as usize => after = last.id,
            _ => break,
        }
    }
    conversation.handler = handler;
    conversation.set_unread(unread);
    if conversation.status == Status::Closed {
        conversation.waiting_since = None;
    }
    Ok(())
}
