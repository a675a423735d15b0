//! Conversations that become one, and become several again.
//!
//! The messages of the sources go to the destination, with their ids and times. The sources stay, closed, as signs that point to where
//! they go on; so an old link, or a message that comes in for one of them, finds its way.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::details::{CloseReason, Resolution};
use super::figures::recount;
use super::model::{Conversation, Status};
use super::people::{self, Part};
use super::store;
use super::timeline::{self, Happening};
use crate::db::prelude::*;
use crate::db::{Id, IdSql, Json, Timestamp};
use crate::method::{Code, Error, Result, Tx};
use crate::schema::{
    conversation_merge_messages as moved, conversation_merges as merges, conversation_people, messages, search_words,
};
use crate::{lock, run, run_each};

/// For how long a merge can be undone, in seconds: 30 days.
const UNDOABLE: i64 = 30 * 24 * 60 * 60;
/// How many merges are followed at the most, to see where a conversation goes on.
const LONGEST_CHAIN: usize = 50;

/// A merge, as it is kept to be undone.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = merges)]
struct Merge {
    organization_id: Id,
    id: Id,
    destination_id: Id,
    sources: Json<Vec<Source>>,
    is_undone: bool,
    created_at: Timestamp,
}

/// Where a conversation stood before it was merged into another.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Source {
    id: Id,
    status: Status,
    snoozed_until: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    resolution: Option<Resolution>,
    close_reason: Option<CloseReason>,
}

impl Source {
    fn of(conversation: &Conversation) -> Self {
        Self {
            id: conversation.id,
            status: conversation.status,
            snoozed_until: conversation.snoozed_until,
            closed_at: conversation.closed_at,
            resolution: conversation.details.resolution,
            close_reason: conversation.details.close_reason,
        }
    }

    /// Has a conversation stand where it did; one whose time to come back is over has come back.
    fn restore(&self, conversation: &mut Conversation, now: Timestamp) {
        conversation.details.merged_into_id = None;
        conversation.status = self.status;
        conversation.snoozed_until = self.snoozed_until;
        conversation.closed_at = self.closed_at;
        conversation.details.resolution = self.resolution;
        conversation.details.close_reason = self.close_reason;
        if self.snoozed_until.is_some_and(|until| until <= now) {
            conversation.open();
        }
    }
}

/// Merges conversations into one, and answers that one. Those that are part of it already stay so.
pub async fn merge(tx: &mut Tx<'_>, destination: Id, sources: &[Id]) -> Result<Conversation> {
    let wanted: Vec<(String, Id)> = sources
        .iter()
        .enumerate()
        .map(|(index, id)| (format!("/source_ids/{index}"), *id))
        .chain([("/destination_id".to_owned(), destination)])
        .collect();
    let mut conversations = lock_all(tx, &wanted).await?;
    if sources.contains(&destination) {
        return Err(Error::new(Code::Cycle, "A conversation cannot be merged into itself."));
    }
    let at = conversations.iter().position(|conversation| conversation.id == destination);
    let Some(before) = at.map(|at| conversations.remove(at)) else { return Err(Error::not_found::<Conversation>()) };
    require_end(tx, &before, sources).await?;
    conversations.retain(|source| source.details.merged_into_id != Some(destination));
    if conversations.is_empty() {
        return Ok(before);
    }
    for source in &conversations {
        if let Some(elsewhere) = source.details.merged_into_id {
            let message = "A conversation that is to be merged was merged into another one before.";
            return Err(Error::new(Code::MergeConflict, message)
                .with("ids", vec![source.id.to_string()])
                .with("merged_into_id", elsewhere.to_string()));
        }
        if source.contact_id != before.contact_id {
            let message = "Conversations with different contacts cannot be one; call conversations.setContact first.";
            return Err(Error::new(Code::MergeConflict, message).with("ids", vec![source.id.to_string()]));
        }
    }
    let merge = Merge {
        organization_id: tx.space(),
        id: tx.new_id(),
        destination_id: destination,
        sources: Json(conversations.iter().map(Source::of).collect()),
        is_undone: false,
        created_at: tx.now(),
    };
    run!(tx, |c| diesel::insert_into(merges::table).values(&merge).execute(c))?;
    let mut after = before.clone();
    for source in conversations {
        take_messages(tx, &merge, source.id).await?;
        take_people(tx, source.id, &mut after).await?;
        close_source(tx, &merge, source).await?;
    }
    words_follow(tx, destination).await?;
    recount(tx, &mut after).await?;
    let source_ids: Vec<Id> = merge.sources.iter().map(|source| source.id).collect();
    // Even where not one message came over: it stands for more than before.
    let after = store::save_as(tx, before, after, "conversation.merged").await?;
    timeline::record(tx, &after, Happening::Merged, json!({ "merge_id": merge.id, "source_ids": source_ids })).await?;
    Ok(after)
}

/// Undoes a merge, and answers the conversations that were one: the destination and what was merged into it.
pub async fn unmerge(tx: &mut Tx<'_>, id: Id) -> Result<Vec<Conversation>> {
    let space = tx.space();
    let unknown = || Error::argument("/merge_id", "unknown_id", format!("there is no merge {id}"));
    let found: Option<Merge> = lock!(tx, merges::table.find((space, id)).select(Merge::as_select()))?;
    let merge = found.ok_or_else(unknown)?;
    let mut ids: Vec<Id> = merge.sources.iter().map(|source| source.id).chain([merge.destination_id]).collect();
    ids.sort();
    let mut conversations = Vec::new();
    for id in ids {
        conversations.extend(store::lock_seen(tx, id).await?);
    }
    let at = conversations.iter().position(|conversation| conversation.id == merge.destination_id);
    let before = at.map(|at| conversations.remove(at)).ok_or_else(unknown)?;
    if merge.is_undone {
        return Ok([vec![before], conversations].concat());
    }
    if merge.created_at.plus_seconds(UNDOABLE) <= tx.now() {
        return Err(Error::new(Code::Expired, "The conversations were merged more than 30 days ago."));
    }
    if let Some(elsewhere) = before.details.merged_into_id {
        let message = "The conversation was merged into another one since; undo that first.";
        return Err(Error::new(Code::MergeConflict, message).with("merged_into_id", elsewhere.to_string()));
    }
    run!(tx, |c| diesel::update(merges::table.find((space, id))).set(merges::is_undone.eq(true)).execute(c))?;
    let mut apart = Vec::new();
    for before in conversations {
        let Some(source) = merge.sources.iter().find(|source| source.id == before.id) else { continue };
        give_messages_back(tx, &merge, source.id).await?;
        words_follow(tx, source.id).await?;
        let mut after = before.clone();
        source.restore(&mut after, tx.now());
        recount(tx, &mut after).await?;
        let after = store::save_as(tx, before, after, "conversation.unmerged").await?;
        timeline::record(tx, &after, Happening::Unmerged, json!({ "merge_id": merge.id })).await?;
        apart.push(after);
    }
    let mut after = before.clone();
    recount(tx, &mut after).await?;
    let after = store::save_as(tx, before, after, "conversation.unmerged").await?;
    timeline::record(tx, &after, Happening::Unmerged, json!({ "merge_id": merge.id })).await?;
    Ok([vec![after], apart].concat())
}

/// Locks conversations within sight in the order of their ids, each once; those that are not there are errors of their arguments.
async fn lock_all(tx: &mut Tx<'_>, wanted: &[(String, Id)]) -> Result<Vec<Conversation>> {
    let mut ids: Vec<Id> = wanted.iter().map(|(_, id)| *id).collect();
    ids.sort();
    ids.dedup();
    let mut conversations = Vec::with_capacity(ids.len());
    for id in ids {
        conversations.extend(store::lock_seen(tx, id).await?);
    }
    let problems: Vec<_> = wanted
        .iter()
        .filter(|(_, id)| !conversations.iter().any(|conversation| conversation.id == *id))
        .map(|(pointer, id)| {
            crate::method::FieldError::new(pointer, "unknown_id", format!("there is no conversation {id}"))
        })
        .collect();
    if problems.is_empty() { Ok(conversations) } else { Err(Error::arguments(tx.ctx().method(), problems)) }
}

/// Refuses a destination that goes on elsewhere itself; above all in one of the sources.
async fn require_end(tx: &mut Tx<'_>, destination: &Conversation, sources: &[Id]) -> Result<()> {
    let Some(elsewhere) = destination.details.merged_into_id else { return Ok(()) };
    let (space, mut next) = (tx.space(), Some(elsewhere));
    for _ in 0..LONGEST_CHAIN {
        let Some(id) = next else { break };
        if sources.contains(&id) {
            let message =
                "The destination was merged into one of the sources; they cannot be merged the other way round.";
            return Err(Error::new(Code::Cycle, message).with("merged_into_id", id.to_string()));
        }
        next = store::find(tx, space, id).await?.and_then(|conversation| conversation.details.merged_into_id);
    }
    let message = "The destination was merged into another conversation; merge into that one.";
    Err(Error::new(Code::MergeConflict, message)
        .with("ids", vec![destination.id.to_string()])
        .with("merged_into_id", elsewhere.to_string()))
}

/// Moves the messages of a source to the destination, and keeps where they were.
async fn take_messages(tx: &mut Tx<'_>, merge: &Merge, source: Id) -> Result<()> {
    use diesel::expression::IntoSql as _;

    let (space, now) = (merge.organization_id, tx.now());
    let of = messages::table.filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(source)));
    run!(tx, |c| diesel::insert_into(moved::table)
        .values(of.select((
            messages::organization_id,
            merge.id.into_sql::<IdSql>(),
            messages::id,
            messages::conversation_id
        )))
        .into_columns((moved::organization_id, moved::merge_id, moved::message_id, moved::source_id))
        .execute(c))?;
    free_client_ids(tx, source, merge.destination_id).await?;
    run!(tx, |c| diesel::update(messages::table)
        .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(source)))
        .set((
            messages::conversation_id.eq(merge.destination_id),
            messages::version.eq(messages::version + 1),
            messages::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

async fn give_messages_back(tx: &mut Tx<'_>, merge: &Merge, source: Id) -> Result<()> {
    let (space, now) = (merge.organization_id, tx.now());
    let theirs = moved::table
        .filter(moved::organization_id.eq(space).and(moved::merge_id.eq(merge.id)).and(moved::source_id.eq(source)))
        .select(moved::message_id);
    // What has gone on to yet another conversation since stays there.
    run!(tx, |c| diesel::update(messages::table)
        .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(merge.destination_id)))
        .filter(messages::id.eq_any(theirs))
        .set((
            messages::conversation_id.eq(source),
            messages::version.eq(messages::version + 1),
            messages::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// Has the words of messages that came to a conversation be found in it, and no longer where they were.
pub async fn words_follow(tx: &mut Tx<'_>, conversation: Id) -> Result<()> {
    let space = tx.space();
    let here = messages::table
        .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(conversation)))
        .select(messages::id);
    run!(tx, |c| diesel::update(search_words::table)
        .filter(search_words::organization_id.eq(space).and(search_words::id.eq_any(here)))
        .filter(search_words::parent_id.ne(conversation))
        .set(search_words::parent_id.eq(conversation))
        .execute(c))?;
    Ok(())
}

/// Takes the clients' ids from messages that would come to a conversation in which another message has the same one.
pub async fn free_client_ids(tx: &mut Tx<'_>, from: Id, to: Id) -> Result<()> {
    let space = tx.space();
    let mut named: Vec<Vec<(Id, Option<String>)>> = Vec::new();
    for conversation in [from, to] {
        named.push(run!(tx, |c| messages::table
            .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(conversation)))
            .filter(messages::client_message_id.is_not_null())
            .select((messages::id, messages::client_message_id))
            .load(c))?);
    }
    let (theirs, ours) = (named.first().cloned().unwrap_or_default(), named.pop().unwrap_or_default());
    let ours: HashSet<Option<String>> = ours.into_iter().map(|(_, name)| name).collect();
    let taken: Vec<Id> = theirs.into_iter().filter(|(_, name)| ours.contains(name)).map(|(id, _)| id).collect();
    run_each!(tx, &taken, |c, id| diesel::update(messages::table.find((space, *id)))
        .set(messages::client_message_id.eq(None::<String>))
        .execute(c))?;
    Ok(())
}

/// Whoever had to do with a source has to do with the destination.
async fn take_people(tx: &mut Tx<'_>, source: Id, destination: &mut Conversation) -> Result<()> {
    let space = tx.space();
    let theirs: Vec<(Id, bool, bool, bool)> = run!(tx, |c| conversation_people::table
        .filter(conversation_people::organization_id.eq(space).and(conversation_people::conversation_id.eq(source)))
        .order(conversation_people::user_id)
        .select((
            conversation_people::user_id,
            conversation_people::follows,
            conversation_people::is_mentioned,
            conversation_people::has_written,
        ))
        .load(c))?;
    for (user, follows, is_mentioned, has_written) in theirs {
        for (has, part) in [(follows, Part::Follows), (is_mentioned, Part::Mentioned), (has_written, Part::Wrote)] {
            if has {
                people::add(tx, destination.id, user, part).await?;
            }
        }
        if follows && !destination.details.follower_user_ids.contains(&user) {
            destination.details.follower_user_ids.push(user);
        }
    }
    Ok(())
}

async fn close_source(tx: &mut Tx<'_>, merge: &Merge, before: Conversation) -> Result<()> {
    let mut after = before.clone();
    after.close(tx.now(), CloseReason::Merge, before.details.resolution);
    after.details.merged_into_id = Some(merge.destination_id);
    recount(tx, &mut after).await?;
    let after = store::save_as(tx, before, after, "conversation.merged").await?;
    let data = json!({ "merge_id": merge.id, "destination_id": merge.destination_id });
    timeline::record(tx, &after, Happening::Merged, data).await?;
    Ok(())
}
