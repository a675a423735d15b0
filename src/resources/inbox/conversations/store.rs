//! All SQL of conversations themselves; their people and their history have files of their own.

use super::model::Conversation;
use super::visibility::Sight;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Code, Error, OrConflict, Result, Tx};
use crate::query::search::{self, Entry};
use crate::query::{Fetched, Listing, words};
use crate::resources::crm::contacts::{self, store::Counted};
use crate::resources::inbox::timers::{self, TimerKind};
use crate::schema::{conversations, counters};
use crate::{lock, run, run_list};

/// A conversation, whoever may see it; deleted ones are not there.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Conversation>> {
    Ok(run!(conn, |c| conversations::table
        .find((space, id))
        .filter(conversations::deleted_at.is_null())
        .select(Conversation::as_select())
        .first(c))
    .optional()?)
}

/// A conversation by its number.
pub async fn by_number(conn: &mut Conn, space: Id, number: i64) -> Result<Option<Id>> {
    Ok(run!(conn, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::number.eq(number)))
        .select(conversations::id)
        .first(c))
    .optional()?)
}

/// A conversation by its id in another system.
pub async fn by_external_id(conn: &mut Conn, space: Id, external_id: &str) -> Result<Option<Id>> {
    Ok(run!(conn, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::external_id.eq(external_id)))
        .select(conversations::id)
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
    let found = lock(tx, id).await?;
    within_sight(tx, found).await
}

/// The conversation that an argument names, locked; one that is not there, or not seen, is an error of that argument.
pub async fn require(tx: &mut Tx<'_>, pointer: &str, id: Id) -> Result<Conversation> {
    let found = lock_seen(tx, id).await?;
    found.ok_or_else(|| Error::argument(pointer, "unknown_id", format!("there is no conversation {id}")))
}

/// The conversations of a list; whose sight it is limited to is for the caller to say.
pub async fn list(conn: &mut Conn, space: Id, list: &Listing) -> Result<Fetched<Conversation>> {
    Ok(run_list!(
        conn,
        list,
        Conversation,
        conversations::id,
        conversations::table.filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
    ))
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
    follow(tx, None, conversation).await
}

/// Stores what has become of a conversation and announces it as `event`. Without a difference nothing happens.
pub async fn save(
    tx: &mut Tx<'_>,
    before: Conversation,
    after: Conversation,
    event: &'static str,
) -> Result<Conversation> {
    if after == before { Ok(before) } else { save_as(tx, before, after, event).await }
}

/// Stores what has become of a conversation and announces it as `event`, though what changed may lie outside the conversation itself.
pub async fn save_as(
    tx: &mut Tx<'_>,
    before: Conversation,
    mut after: Conversation,
    event: &'static str,
) -> Result<Conversation> {
    after.version += 1;
    after.updated_at = tx.now();
    update(tx, &before, &after).await?;
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// Stores figures that follow from something else, which has its own event: counts, the latest message.
pub async fn settle(tx: &mut Tx<'_>, before: &Conversation, after: &Conversation) -> Result<()> {
    if after == before { Ok(()) } else { update(tx, before, after).await }
}

/// Stores a conversation that was deleted as one that was not, and announces it.
pub async fn restore(tx: &mut Tx<'_>, before: Conversation) -> Result<Conversation> {
    let now = tx.now();
    let after = Conversation { deleted_at: None, version: before.version + 1, updated_at: now, ..before.clone() };
    update(tx, &before, &after).await?;
    tx.emit("conversation.restored", &after)?;
    Ok(after)
}

/// Takes a conversation away, for as long as it can be restored, and announces it.
pub async fn delete(tx: &mut Tx<'_>, before: Conversation) -> Result<()> {
    let after = Conversation { deleted_at: Some(tx.now()), ..before.clone() };
    update(tx, &before, &after).await?;
    tx.emit("conversation.deleted", &before)
}

/// A conversation that was deleted and is not gone yet, locked, if the caller would see it.
pub async fn lock_deleted(tx: &mut Tx<'_>, id: Id) -> Result<Option<Conversation>> {
    let space = tx.space();
    let found: Option<Conversation> = lock!(
        tx,
        conversations::table
            .find((space, id))
            .filter(conversations::deleted_at.is_not_null())
            .select(Conversation::as_select())
    )?;
    within_sight(tx, found).await
}

async fn within_sight(tx: &mut Tx<'_>, found: Option<Conversation>) -> Result<Option<Conversation>> {
    let Some(conversation) = found else { return Ok(None) };
    let ctx = tx.ctx().clone();
    let sight = Sight::of(&ctx, tx).await?;
    Ok(sight.sees(tx, &conversation).await?.then_some(conversation))
}

async fn update(tx: &mut Tx<'_>, before: &Conversation, after: &Conversation) -> Result<()> {
    let words = after.words();
    run!(tx, |c| diesel::update(conversations::table.find((after.organization_id, after.id)))
        .set((after, conversations::words.eq(&words)))
        .execute(c))
    .or_conflict(taken)?;
    follow(tx, Some(before), after).await
}

/// Does what follows from a change: sets or clears the timer that brings it back, and counts it at its contact.
async fn follow(tx: &mut Tx<'_>, before: Option<&Conversation>, after: &Conversation) -> Result<()> {
    let found_by = after.found_by();
    if before.map(Conversation::found_by).unwrap_or_default() != found_by {
        let (id, words) = (after.id, words::fold(&found_by));
        // It belongs to itself, so that its words go when those of its messages do.
        search::put(tx, Entry { kind: "conversation", id, parent: Some(id), is_private: false, words }).await?;
    }
    let due = |conversation: &Conversation| conversation.snoozed_until.filter(|_| conversation.deleted_at.is_none());
    match (before.and_then(due), due(after)) {
        (was, is) if was == is => {}
        (_, Some(at)) => timers::set(tx, TimerKind::Unsnooze, after.id, at).await?,
        (_, None) => timers::clear(tx, TimerKind::Unsnooze, after.id).await?,
    }
    count_at_contacts(tx, before, after).await
}

async fn count_at_contacts(tx: &mut Tx<'_>, before: Option<&Conversation>, after: &Conversation) -> Result<()> {
    let figures = |conversation: &Conversation| match conversation.deleted_at {
        Some(_) => (0, 0),
        None => (1, i32::from(conversation.goes_on())),
    };
    let (all, open) = figures(after);
    let changes = match before {
        None => vec![(after.contact_id, all, open)],
        Some(before) => {
            let (all_before, open_before) = figures(before);
            match before.contact_id == after.contact_id {
                true => vec![(after.contact_id, all - all_before, open - open_before)],
                false => vec![(before.contact_id, -all_before, -open_before), (after.contact_id, all, open)],
            }
        }
    };
    for (contact, all, open) in changes.into_iter().filter(|(_, all, open)| (*all, *open) != (0, 0)) {
        contacts::store::count_conversations(tx, contact, Counted { all, open }, None).await?;
    }
    Ok(())
}

fn taken(_: &str) -> Error {
    Error::new(Code::AlreadyExists, "Another conversation has this external_id.")
}
