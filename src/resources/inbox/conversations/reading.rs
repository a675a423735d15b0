//! Which messages of a contact were read. Their status says it; `unread_count` counts those that were not.

use super::model::Conversation;
use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{Result, Tx};
use crate::resources::inbox::messages::{Direction, MessageStatus, Visibility};
use crate::run;
use crate::schema::messages;

/// Whether a message is one of a conversation's.
pub async fn is_in(tx: &mut Tx<'_>, conversation: &Conversation, message: Id) -> Result<bool> {
    let found: Option<Id> = run!(tx, |c| messages::table
        .find((conversation.organization_id, message))
        .filter(messages::conversation_id.eq(conversation.id))
        .select(messages::id)
        .first(c))
    .optional()?;
    Ok(found.is_some())
}

/// The latest message of the contact.
pub async fn latest_of_contact(tx: &mut Tx<'_>, conversation: &Conversation) -> Result<Option<Id>> {
    Ok(run!(tx, |c| messages::table
        .filter(messages::organization_id.eq(conversation.organization_id))
        .filter(messages::conversation_id.eq(conversation.id).and(messages::direction.eq(Direction::Inbound)))
        .order(messages::id.desc())
        .select(messages::id)
        .first(c))
    .optional()?)
}

/// Marks messages of the contact as read, up to one or all; answers how many were not. Who hears of it hears it of the conversation.
pub async fn mark_read(tx: &mut Tx<'_>, conversation: &Conversation, up_to: Option<Id>) -> Result<i32> {
    let (now, last) = (tx.now(), up_to.unwrap_or(Id::from_bytes([0xff; 16])));
    let read = run!(tx, |c| diesel::update(messages::table)
        .filter(messages::organization_id.eq(conversation.organization_id))
        .filter(messages::conversation_id.eq(conversation.id).and(messages::id.le(last)))
        .filter(messages::direction.eq(Direction::Inbound).and(messages::status.eq(MessageStatus::Received)))
        .set((
            messages::status.eq(MessageStatus::Read),
            messages::read_at.eq(Some(now)),
            messages::version.eq(messages::version + 1),
            messages::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(i32::try_from(read).unwrap_or(i32::MAX))
}

/// Marks what was sent to the contact as read by the contact, up to one message or all; answers how many were not.
pub async fn mark_answers_read(tx: &mut Tx<'_>, conversation: &Conversation, up_to: Option<Id>) -> Result<usize> {
    let (now, last) = (tx.now(), up_to.unwrap_or(Id::from_bytes([0xff; 16])));
    Ok(run!(tx, |c| diesel::update(messages::table)
        .filter(messages::organization_id.eq(conversation.organization_id))
        .filter(messages::conversation_id.eq(conversation.id).and(messages::id.le(last)))
        .filter(messages::visibility.eq(Visibility::Public).and(messages::direction.eq(Direction::Outbound)))
        .filter(messages::status.eq_any([MessageStatus::Sent, MessageStatus::Delivered]))
        .set((
            messages::status.eq(MessageStatus::Read),
            messages::read_at.eq(Some(now)),
            messages::version.eq(messages::version + 1),
            messages::updated_at.eq(now),
        ))
        .execute(c))?)
}

/// Marks messages of the contact as unread, from one on; answers how many were not.
pub async fn mark_unread(tx: &mut Tx<'_>, conversation: &Conversation, from: Id) -> Result<i32> {
    let now = tx.now();
    let unread = run!(tx, |c| diesel::update(messages::table)
        .filter(messages::organization_id.eq(conversation.organization_id))
        .filter(messages::conversation_id.eq(conversation.id).and(messages::id.ge(from)))
        .filter(messages::direction.eq(Direction::Inbound).and(messages::status.eq(MessageStatus::Read)))
        .set((
            messages::status.eq(MessageStatus::Received),
            messages::read_at.eq(None::<Timestamp>),
            messages::version.eq(messages::version + 1),
            messages::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(i32::try_from(unread).unwrap_or(i32::MAX))
}
