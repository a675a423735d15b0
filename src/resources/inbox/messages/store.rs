//! All SQL of messages.

use diesel::dsl::sql;
use diesel::expression::IntoSql;
use diesel::sql_types::Bool;

use super::model::{Direction, Message, MessageStatus, Visibility};
use crate::access::user::UserKind;
use crate::db::prelude::*;
use crate::db::{Conn, Fault, Id, Timestamp};
use crate::method::{Code, Context, Error, FieldError, Object, OrConflict, Result, Tx, Window};
use crate::query::search::{self, Entry};
use crate::query::{Fetched, Listing, Predicate, Words};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{self, Conversation, Status};
use crate::resources::inbox::files::links;
use crate::schema::{conversations as c, files, messages, users};
use crate::{lock, run, run_list, run_page};

/// A message, whoever may see it.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Message>> {
    Ok(run!(conn, |c| messages::table.find((space, id)).select(Message::as_select()).first(c)).optional()?)
}

/// A message that a write changes, locked, whoever may see it.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Message>> {
    let space = tx.space();
    Ok(lock!(tx, messages::table.find((space, id)).select(Message::as_select()))?)
}

/// A message in a conversation within the caller's sight, with that conversation.
pub async fn seen(ctx: &Context, conn: &mut Conn, id: Id) -> Result<(Conversation, Message)> {
    let message = find(conn, ctx.space(), id).await?.ok_or_else(Error::not_found::<Message>)?;
    let sight = Sight::of(ctx, conn).await?;
    let conversation = conversations::store::seen(conn, &sight, ctx.space(), message.conversation_id).await?;
    let conversation = conversation.ok_or_else(Error::not_found::<Message>)?;
    let mut shown = vec![message];
    show_files(ctx, conn, &mut shown).await?;
    Ok((conversation, shown.pop().ok_or_else(Error::not_found::<Message>)?))
}

/// Shows the files of messages as they are now, with addresses by which they can be had: one statement for all of them.
pub async fn show_files(ctx: &Context, conn: &mut Conn, shown: &mut [Message]) -> Result<()> {
    let with_files = shown.iter().filter(|message| !message.details.attachments.is_empty());
    let ids: Vec<Id> = with_files.map(|message| message.id).collect();
    let mut files = links::attachments_of(ctx, conn, &ids).await?;
    for message in shown.iter_mut().filter(|message| ids.contains(&message.id)) {
        message.details.attachments = files.remove(&message.id).unwrap_or_default();
        if let Some(html) = &mut message.html {
            html.show_pictures(&mut message.details.attachments);
        }
    }
    Ok(())
}

/// The message that a write is about, with its conversation, both locked, the conversation first: all who change either do it in this
/// order. For those who do not see the conversation neither is there.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<(Conversation, Message)> {
    let (conversation, message) = lock_seen(tx, id).await?.ok_or_else(Error::not_found::<Message>)?;
    Ok((conversation, tx.target(Some(message))?))
}

/// A message in a conversation within the caller's sight, that a write changes besides what it is about; both locked.
pub async fn lock_seen(tx: &mut Tx<'_>, id: Id) -> Result<Option<(Conversation, Message)>> {
    let space = tx.space();
    let Some(found) = find(tx, space, id).await? else { return Ok(None) };
    let Some(conversation) = conversations::store::lock_seen(tx, found.conversation_id).await? else { return Ok(None) };
    let Some(message) = lock(tx, id).await? else { return Ok(None) };
    if message.conversation_id == conversation.id {
        return Ok(Some((conversation, message)));
    }
    Err(Fault::Retry("the message went into another conversation meanwhile".into()).into())
}

/// Refuses files that a contact did not bring.
pub async fn require_own_files(tx: &mut Tx<'_>, contact: Id, ids: &[Id]) -> Result<()> {
    let space = tx.space();
    let own: Vec<Id> = run!(tx, |c| files::table
        .filter(files::organization_id.eq(space).and(files::contact_id.eq(contact)))
        .filter(files::id.eq_any(ids))
        .select(files::id)
        .load(c))?;
    let unknown: Vec<FieldError> = ids
        .iter()
        .enumerate()
        .filter(|(_, id)| !own.contains(id))
        .map(|(index, id)| {
            FieldError::new(format!("/file_ids/{index}"), "unknown_id", format!("there is no file {id}"))
        })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}

/// Name, picture and kind of a user.
pub async fn user(conn: &mut Conn, organization: Id, user: Id) -> Result<Option<(String, Option<String>, UserKind)>> {
    Ok(run!(conn, |c| users::table
        .find((organization, user))
        .select((users::name, users::avatar_url, users::kind))
        .first(c))
    .optional()?)
}

/// The newest conversation with a contact on a channel that is not closed.
pub async fn latest_open(conn: &mut Conn, space: Id, contact: Id, channel: Id) -> Result<Option<Id>> {
    latest(conn, space, contact, channel, &[Status::Open, Status::Pending, Status::Snoozed]).await
}

/// The newest conversation with a contact on a channel that is closed.
pub async fn latest_closed(conn: &mut Conn, space: Id, contact: Id, channel: Id) -> Result<Option<Id>> {
    latest(conn, space, contact, channel, &[Status::Closed]).await
}

async fn latest(conn: &mut Conn, space: Id, contact: Id, channel: Id, states: &[Status]) -> Result<Option<Id>> {
    Ok(run!(conn, |conn| c::table
        .filter(c::organization_id.eq(space).and(c::contact_id.eq(contact)))
        .filter(c::channel_id.eq(channel).and(c::status.eq_any(states)).and(c::deleted_at.is_null()))
        .order(c::id.desc())
        .select(c::id)
        .first(conn))
    .optional()?)
}

/// Which messages of a conversation a list is about; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub conversation: Id,
    pub since: Option<Timestamp>,
    pub direction: Option<Direction>,
    pub visibility: Option<Visibility>,
    /// Whether what is only written so far belongs to it too.
    pub include_drafts: bool,
}

/// The messages of a conversation that a filter lets through.
pub async fn list(conn: &mut Conn, space: Id, filter: &Filter, list: &Listing) -> Result<Fetched<Message>> {
    let directions = filter.direction.map_or(Direction::ALL.to_vec(), |one| vec![one]);
    let visibilities = filter.visibility.map_or(Visibility::ALL.to_vec(), |one| vec![one]);
    let states: Vec<MessageStatus> =
        MessageStatus::ALL.iter().copied().filter(|status| filter.include_drafts || status.is_said()).collect();
    let since = filter.since.unwrap_or(Timestamp::from_millis(0));
    Ok(run_list!(
        conn,
        list,
        Message,
        messages::id,
        messages::table
            .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(filter.conversation)))
            .filter(messages::direction.eq_any(&directions).and(messages::visibility.eq_any(&visibilities)))
            .filter(messages::status.eq_any(&states).and(messages::created_at.ge(since)))
    ))
}

/// The messages that were said and pass, in the conversations that are seen, after one of them and in the order of their ids.
pub async fn after(
    conn: &mut Conn,
    space: Id,
    passing: &Predicate,
    seen: &Predicate,
    after: Id,
    most: i64,
) -> Result<Vec<Message>> {
    let said: Vec<MessageStatus> = MessageStatus::ALL.iter().copied().filter(|status| status.is_said()).collect();
    Ok(run!(conn, |c| messages::table
        .inner_join(
            c::table.on(c::organization_id.eq(messages::organization_id).and(c::id.eq(messages::conversation_id)))
        )
        .filter(messages::organization_id.eq(space).and(messages::id.gt(after)))
        .filter(messages::status.eq_any(&said).and(c::deleted_at.is_null()))
        .filter(passing.clone())
        .filter(seen.clone())
        .order(messages::id)
        .limit(most)
        .select(Message::as_select())
        .load(c))?)
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
    let (user, team) = asked(message);
    run!(tx, |c| diesel::insert_into(messages::table)
        .values((
            message,
            messages::words.eq(&words),
            messages::approver_user_id.eq(user),
            messages::approver_team_id.eq(team),
        ))
        .execute(c))
    .or_conflict(taken)?;
    index(tx, message, &words).await
}

/// Stores what has become of a message and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Message, mut after: Message, event: &'static str) -> Result<Message> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    let words = after.words();
    let (user, team) = asked(&after);
    run!(tx, |c| diesel::update(messages::table.find((after.organization_id, after.id)))
        .set((
            &after,
            messages::words.eq(&words),
            messages::approver_user_id.eq(user),
            messages::approver_team_id.eq(team),
        ))
        .execute(c))?;
    if before.is_said() != after.is_said() || before.words() != words {
        index(tx, &after, &words).await?;
    }
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// Takes a message away and announces it.
pub async fn delete(tx: &mut Tx<'_>, message: &Message) -> Result<()> {
    run!(tx, |c| diesel::delete(messages::table.find((message.organization_id, message.id))).execute(c))?;
    search::remove(tx, Message::TYPE, message.id).await?;
    links::detach_all(tx, &[message.id]).await?;
    tx.emit("message.deleted", message)
}

/// Has a message found by its words, once it was said.
async fn index(tx: &mut Tx<'_>, message: &Message, words: &Words) -> Result<()> {
    if !message.is_said() {
        return search::remove(tx, Message::TYPE, message.id).await;
    }
    let entry = Entry {
        kind: Message::TYPE,
        id: message.id,
        parent: Some(message.conversation_id),
        is_private: message.visibility == Visibility::Private,
        words: words.0.get("text").cloned().unwrap_or_default(),
    };
    search::put(tx, entry).await
}

/// The newest message of a conversation that was said and that the contact may read.
pub async fn latest_said(conn: &mut Conn, space: Id, conversation: Id) -> Result<Option<Message>> {
    let said: Vec<MessageStatus> = MessageStatus::ALL.iter().copied().filter(|status| status.is_said()).collect();
    Ok(run!(conn, |c| messages::table
        .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(conversation)))
        .filter(messages::visibility.eq(Visibility::Public).and(messages::status.eq_any(&said)))
        .order(messages::id.desc())
        .select(Message::as_select())
        .first(c))
    .optional()?)
}

/// The drafts of a conversation, the newest ones first.
pub async fn drafts(conn: &mut Conn, space: Id, conversation: Id) -> Result<Vec<Message>> {
    // Written out, for the index that has only drafts: SQLite does not look into what is bound.
    let is_draft = sql::<Bool>("messages.status = 'draft'");
    Ok(run!(conn, |c| messages::table
        .filter(messages::organization_id.eq(space).and(messages::conversation_id.eq(conversation)))
        .filter(is_draft.clone())
        .order(messages::id.desc())
        .limit(100)
        .select(Message::as_select())
        .load(c))?)
}

/// The newest message that goes by this id in the system that delivers it.
pub async fn by_external_id(conn: &mut Conn, space: Id, external_id: &str) -> Result<Option<Id>> {
    Ok(run!(conn, |c| messages::table
        .filter(messages::organization_id.eq(space).and(messages::external_message_id.eq(external_id)))
        .filter(messages::direction.eq(Direction::Outbound))
        .order(messages::id.desc())
        .select(messages::id)
        .first(c))
    .optional()?)
}

/// The messages that wait for an approval, in the conversations within sight: all, or only those that a user or their teams, or nobody
/// in particular, was asked to decide on.
pub async fn approvals(
    conn: &mut Conn,
    space: Id,
    asked: Option<(Id, Vec<Id>)>,
    sight: &Sight,
    window: &Window,
) -> Result<(Vec<Message>, Option<i64>)> {
    let is_for_all = asked.is_none();
    let (user, teams) = asked.unwrap_or_default();
    // Written out, for the index that has only these: SQLite does not look into what is bound.
    let waits = sql::<Bool>("messages.status = 'pending_approval'");
    let seen = sight.predicate();
    Ok(run_page!(
        conn,
        window,
        messages::id,
        Message,
        messages::table
            .inner_join(
                c::table.on(c::organization_id.eq(messages::organization_id).and(c::id.eq(messages::conversation_id)))
            )
            .filter(messages::organization_id.eq(space).and(c::deleted_at.is_null()))
            .filter(waits.clone())
            .filter(seen.clone())
            .filter(
                is_for_all
                    .into_sql::<Bool>()
                    .or(messages::approver_user_id.eq(user))
                    .or(messages::approver_team_id.eq_any(&teams))
                    .or(messages::approver_user_id.is_null().and(messages::approver_team_id.is_null()))
            )
    ))
}

fn taken(_: &str) -> Error {
    Error::new(Code::AlreadyExists, "The conversation has a message with this client_message_id.")
}

/// Who was asked to approve a message that waits for it.
fn asked(message: &Message) -> (Option<Id>, Option<Id>) {
    let approval = &message.details.approval;
    match message.status {
        MessageStatus::PendingApproval => (approval.approver_user_id, approval.team_id),
        _ => (None, None),
    }
}
