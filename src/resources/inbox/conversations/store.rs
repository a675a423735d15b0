//! All SQL of conversations themselves; their people and their history have files of their own.

use super::model::Conversation;
use super::visibility::Sight;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Code, Error, OrConflict, Result, Tx};
use crate::schema::{conversations, counters};
use crate::{lock, run};

/// A conversation, whoever may see it; deleted ones are not there.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Conversation>> {
    Ok(run!(conn, |c| conversations::table
        .find((space, id))
        .filter(conversations::deleted_at.is_null())
        .select(Conversation::as_select())
        .first(c))
    .optional()?)
}

/// A conversation within sight.
pub async fn seen(conn: &mut Conn, sight: &Sight, space: Id, id: Id) -> Result<Option<Conversation>> {
    match find(conn, space, id).await? {
        Some(conversation) if sight.sees(conn, &conversation).await? => Ok(Some(conversation)),
        _ => Ok(None),
    }
}

/// The conversation that a write is about, locked; for those who do not see it, it is not there.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Conversation> {
    let found = lock_seen(tx, id).await?;
    tx.target(found)
}

/// A conversation within the caller's sight that a write changes besides what it is about, locked.
pub async fn lock_seen(tx: &mut Tx<'_>, id: Id) -> Result<Option<Conversation>> {
    let Some(conversation) = lock(tx, id).await? else { return Ok(None) };
    let ctx = tx.ctx().clone();
    let sight = Sight::of(&ctx, tx).await?;
    Ok(sight.sees(tx, &conversation).await?.then_some(conversation))
}

/// The conversation that an argument names, locked; one that is not there, or not seen, is an error of that argument.
pub async fn require(tx: &mut Tx<'_>, pointer: &str, id: Id) -> Result<Conversation> {
    let found = lock_seen(tx, id).await?;
    found.ok_or_else(|| Error::argument(pointer, "unknown_id", format!("there is no conversation {id}")))
}

/// A conversation that a write changes, locked, whoever may see it.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Conversation>> {
    let space = tx.space();
    Ok(lock!(
        tx,
        conversations::table
            .find((space, id))
            .filter(conversations::deleted_at.is_null())
            .select(Conversation::as_select())
    )?)
}

/// The next number of the organization. Whoever takes one makes the others wait until it is used, so take it late.
pub async fn next_number(tx: &mut Tx<'_>) -> Result<i64> {
    let first =
        (counters::organization_id.eq(tx.space()), counters::name.eq("conversation"), counters::value.eq(1_i64));
    Ok(run!(tx, |c| diesel::insert_into(counters::table)
        .values(first)
        .on_conflict((counters::organization_id, counters::name))
        .do_update()
        .set(counters::value.eq(counters::value + 1))
        .returning(counters::value)
        .get_result(c))?)
}

/// Stores a new conversation; whoever opened it announces it, once its first message is in.
pub async fn insert(tx: &mut Tx<'_>, conversation: &Conversation) -> Result<()> {
    let words = conversation.words();
    run!(tx, |c| diesel::insert_into(conversations::table)
        .values((conversation, conversations::words.eq(&words)))
        .execute(c))
    .or_conflict(taken)?;
    Ok(())
}

/// Stores what has become of a conversation and announces it as `event`. Without a difference nothing happens.
pub async fn save(
    tx: &mut Tx<'_>,
    before: Conversation,
    mut after: Conversation,
    event: &'static str,
) -> Result<Conversation> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    update(tx, &after).await?;
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// Stores figures that follow from something else, which has its own event: counts, the latest message.
pub async fn settle(tx: &mut Tx<'_>, before: &Conversation, after: &Conversation) -> Result<()> {
    if after == before { Ok(()) } else { update(tx, after).await }
}

async fn update(tx: &mut Tx<'_>, after: &Conversation) -> Result<()> {
    let words = after.words();
    run!(tx, |c| diesel::update(conversations::table.find((after.organization_id, after.id)))
        .set((after, conversations::words.eq(&words)))
        .execute(c))
    .or_conflict(taken)?;
    Ok(())
}

fn taken(_: &str) -> Error {
    Error::new(Code::AlreadyExists, "Another conversation has this external_id.")
}
