//! All SQL of messages.

use super::model::Message;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Code, Error, OrConflict, Result, Tx};
use crate::schema::messages;
use crate::{lock, run};

/// A message, whoever may see it.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Message>> {
    Ok(run!(conn, |c| messages::table.find((space, id)).select(Message::as_select()).first(c)).optional()?)
}

/// A message that a write changes, locked, whoever may see it.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Message>> {
    let space = tx.space();
    Ok(lock!(tx, messages::table.find((space, id)).select(Message::as_select()))?)
}

/// The message that a client sent under this id already.
pub async fn by_client_id(
    conn: &mut Conn,
    space: Id,
    conversation: Id,
    client_message_id: &str,
) -> Result<Option<Message>> {
    Ok(run!(conn, |c| messages::table
        .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(conversation)))
        .filter(messages::client_message_id.eq(client_message_id))
        .select(Message::as_select())
        .first(c))
    .optional()?)
}

/// Stores a new message; what becomes of its conversation, and who hears of it, is for the caller to say.
pub async fn insert(tx: &mut Tx<'_>, message: &Message) -> Result<()> {
    let words = message.words();
    run!(tx, |c| diesel::insert_into(messages::table).values((message, messages::words.eq(&words))).execute(c))
        .or_conflict(taken)?;
    Ok(())
}

/// Stores what has become of a message and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Message, mut after: Message, event: &'static str) -> Result<Message> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    let words = after.words();
    run!(tx, |c| diesel::update(messages::table.find((after.organization_id, after.id)))
        .set((&after, messages::words.eq(&words)))
        .execute(c))?;
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

fn taken(_: &str) -> Error {
    Error::new(Code::AlreadyExists, "The conversation has a message with this client_message_id.")
}
