//! All SQL of what remains of contacts that are not there any more: deleted ones, and those that became part of others.

use super::merging::complete;
use super::model::Contact;
use super::store;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Json, Timestamp, Transaction};
use crate::method::{Error, Result, Tx};
use crate::resources::account::users;
use crate::resources::crm::companies;
use crate::resources::crm::tags::{self, TaggedType};
use crate::resources::inbox::conversations::movers;
use crate::schema::{contact_merges, deleted_contacts};
use crate::{lock, run, run_each};

/// For how long a deleted contact can be restored.
pub const RESTORABLE_SECONDS: i64 = 30 * 24 * 60 * 60;
/// For how long a merge can be undone.
pub const UNMERGEABLE_SECONDS: i64 = 90 * 24 * 60 * 60;

/// A contact that was deleted.
pub struct Deleted {
    /// The contact as it was; not for long.
    pub contact: Option<Contact>,
    /// Until when it can be restored.
    pub expires_at: Timestamp,
}

/// Keeps a copy of a contact that is being deleted.
pub async fn keep_deleted(tx: &mut Tx<'_>, contact: &Contact) -> Result<()> {
    let now = tx.now();
    run!(tx, |c| diesel::insert_into(deleted_contacts::table)
        .values((
            deleted_contacts::organization_id.eq(contact.organization_id),
            deleted_contacts::id.eq(contact.row.id),
            deleted_contacts::copy.eq(Json(contact)),
            deleted_contacts::deleted_at.eq(now),
            deleted_contacts::expires_at.eq(now.plus_seconds(RESTORABLE_SECONDS)),
        ))
        .execute(c))?;
    Ok(())
}

/// A deleted contact, locked.
pub async fn deleted(tx: &mut Tx<'_>, id: Id) -> Result<Option<Deleted>> {
    let space = tx.space();
    let row: Option<(Option<Json<Contact>>, Timestamp)> = lock!(
        tx,
        deleted_contacts::table.find((space, id)).select((deleted_contacts::copy, deleted_contacts::expires_at))
    )?;
    Ok(row.map(|(copy, expires_at)| Deleted { contact: copy.map(|copy| complete(copy.0, space)), expires_at }))
}

/// Forgets that a contact was deleted.
pub async fn forget_deleted(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let space = tx.space();
    run!(tx, |c| diesel::delete(deleted_contacts::table.find((space, id))).execute(c))?;
    Ok(())
}

/// Puts a contact that was away back among the contacts. The company and the user it named may be gone by now, and another contact
/// may be the primary one of the company; what others are known by by now is refused.
pub async fn put_back(tx: &mut Tx<'_>, mut contact: Contact) -> Result<Contact> {
    if let Some(company) = contact.company_id
        && companies::store::keep(tx, &[company]).await?.is_empty()
    {
        contact.company_id = None;
    }
    if let Some(user) = contact.user_id
        && users::store::keep(tx, &[user]).await?.is_empty()
    {
        contact.user_id = None;
    }
    contact.is_primary = match contact.company_id {
        Some(company) if contact.is_primary => !store::has_primary(tx, company).await?,
        _ => false,
    };
    let wanted = std::mem::take(&mut contact.tags.0);
    tags::store::retag(tx, TaggedType::Contact, contact.row.id, &mut contact.row.tags, wanted).await?;
    // Its conversations went on, or went elsewhere, while it was away.
    (contact.conversation_count, contact.open_conversation_count) = movers::count(tx, contact.row.id).await?;
    contact.version += 1;
    contact.updated_at = tx.now();
    store::put(tx, contact).await
}

/// Two contacts that became one.
pub struct Merge {
    /// The contact that became part of the other.
    pub source_id: Id,
    /// The contact it became part of.
    pub destination_id: Id,
    /// What it takes to undo it; not for ever.
    pub copies: Option<Copies>,
    /// Until when it can be undone.
    pub expires_at: Timestamp,
    /// When it was undone.
    pub unmerged_at: Option<Timestamp>,
}

/// Two contacts as they were before they became one.
pub struct Copies {
    /// The one that became part of the other.
    pub source: Contact,
    /// The one it became part of.
    pub destination: Contact,
    /// The conversations that went from the one to the other.
    pub conversation_ids: Vec<Id>,
}

/// Keeps what it takes to undo a merge, as `id`.
pub async fn keep_merge(tx: &mut Tx<'_>, id: Id, copies: &Copies) -> Result<()> {
    let (space, now) = (tx.space(), tx.now());
    run!(tx, |c| diesel::insert_into(contact_merges::table)
        .values((
            contact_merges::organization_id.eq(space),
            contact_merges::id.eq(id),
            contact_merges::source_id.eq(copies.source.row.id),
            contact_merges::destination_id.eq(copies.destination.row.id),
            contact_merges::source.eq(Json(&copies.source)),
            contact_merges::destination.eq(Json(&copies.destination)),
            contact_merges::conversation_ids.eq(Json(&copies.conversation_ids)),
            contact_merges::created_at.eq(now),
            contact_merges::expires_at.eq(now.plus_seconds(UNMERGEABLE_SECONDS)),
        ))
        .execute(c))?;
    Ok(())
}

/// A merge, locked.
pub async fn merge(tx: &mut Tx<'_>, id: Id) -> Result<Option<Merge>> {
    type Row =
        ((Id, Id, Timestamp, Option<Timestamp>), Option<Json<Contact>>, Option<Json<Contact>>, Option<Json<Vec<Id>>>);
    let space = tx.space();
    let row: Option<Row> = lock!(
        tx,
        contact_merges::table.find((space, id)).select((
            (
                contact_merges::source_id,
                contact_merges::destination_id,
                contact_merges::expires_at,
                contact_merges::unmerged_at,
            ),
            contact_merges::source,
            contact_merges::destination,
            contact_merges::conversation_ids,
        ))
    )?;
    let Some(((source_id, destination_id, expires_at, unmerged_at), source, destination, moved)) = row else {
        return Ok(None);
    };
    let copies = source.zip(destination).map(|(source, destination)| Copies {
        source: complete(source.0, space),
        destination: complete(destination.0, space),
        conversation_ids: moved.unwrap_or_default().0,
    });
    Ok(Some(Merge { source_id, destination_id, copies, expires_at, unmerged_at }))
}

/// Notes that a merge was undone.
pub async fn note_unmerged(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let (space, now) = (tx.space(), tx.now());
    run!(tx, |c| diesel::update(contact_merges::table.find((space, id)))
        .set(contact_merges::unmerged_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// The contact that another one became part of.
pub async fn merged_into(conn: &mut Conn, space: Id, source: Id) -> Result<Option<Id>> {
    Ok(run!(conn, |c| contact_merges::table
        .filter(contact_merges::organization_id.eq(space).and(contact_merges::source_id.eq(source)))
        .filter(contact_merges::unmerged_at.is_null())
        .order(contact_merges::id.desc())
        .select(contact_merges::destination_id)
        .first(c))
    .optional()?)
}

/// The error for a contact that is not there; it says which one it became part of, if it did.
pub async fn not_found(conn: &mut Conn, space: Id, id: Id) -> Result<Error> {
    let error = Error::not_found::<Contact>();
    Ok(match merged_into(conn, space, id).await? {
        Some(into) => error.with("merged_into_id", into.to_string()),
        None => error,
    })
}

/// Whether a contact became part of another one, directly or by way of others.
pub async fn went_into(conn: &mut Conn, space: Id, source: Id, destination: Id) -> Result<bool> {
    let mut at = source;
    // A contact that became part of another is no destination any more, so that no chain comes back to where it began.
    while let Some(next) = merged_into(conn, space, at).await? {
        if next == destination {
            return Ok(true);
        }
        at = next;
    }
    Ok(false)
}

/// Takes out the copies whose time is over, up to `limit` of each kind; answers how many those were of the kind with more.
pub async fn purge(tx: &mut Transaction, now: Timestamp, limit: i64) -> Result<usize> {
    let deleted: Vec<(Id, Id)> = run!(tx, |c| deleted_contacts::table
        .filter(deleted_contacts::expires_at.le(now).and(deleted_contacts::copy.is_not_null()))
        .select((deleted_contacts::organization_id, deleted_contacts::id))
        .limit(limit)
        .load(c))?;
    run_each!(tx, &deleted, |c, id| diesel::update(deleted_contacts::table.find(*id))
        .set(deleted_contacts::copy.eq(None::<Json<Contact>>))
        .execute(c))?;
    let merged: Vec<(Id, Id)> = run!(tx, |c| contact_merges::table
        .filter(contact_merges::expires_at.le(now).and(contact_merges::source.is_not_null()))
        .select((contact_merges::organization_id, contact_merges::id))
        .limit(limit)
        .load(c))?;
    run_each!(tx, &merged, |c, id| diesel::update(contact_merges::table.find(*id))
        .set((
            contact_merges::source.eq(None::<Json<Contact>>),
            contact_merges::destination.eq(None::<Json<Contact>>),
            contact_merges::conversation_ids.eq(None::<Json<Vec<Id>>>),
        ))
        .execute(c))?;
    Ok(deleted.len().max(merged.len()))
}
