//! All SQL of contacts.

use diesel::dsl::case_when;
use diesel::expression::IntoSql;

use super::copies;
use super::identity::{Identity, IdentityKey};
use super::model::{Contact, ContactRow, SEARCHED};
use crate::access::authenticate::Sessions;
use crate::db::prelude::*;
use crate::db::{Conn, Fault, Id, Timestamp};
use crate::method::{Code, Error, OrConflict, Result, Tx};
use crate::query::search;
use crate::resources::crm::companies;
use crate::resources::crm::tags::{self, TaggedType};
use crate::schema::{contact_identities, contacts};
use crate::{keep, lock, lock_to_delete, run, run_each};

/// A contact.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Contact>> {
    let row: Option<ContactRow> =
        run!(conn, |c| contacts::table.find((space, id)).select(ContactRow::as_select()).first(c)).optional()?;
    Ok(with_identities(conn, space, row.into_iter().collect()).await?.pop())
}

/// The contact that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Contact> {
    let space = tx.space();
    match lock(tx, id).await? {
        None => Err(copies::not_found(tx, space, id).await?),
        found => tx.target(found),
    }
}

/// The contact that is about to be deleted, locked.
pub async fn target_to_delete(tx: &mut Tx<'_>, id: Id) -> Result<Contact> {
    let space = tx.space();
    match lock_to_delete(tx, id).await? {
        None => Err(copies::not_found(tx, space, id).await?),
        found => tx.target(found),
    }
}

/// A contact that a write changes besides what it is about, locked. All that changes identities of a contact holds this lock.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Contact>> {
    let space = tx.space();
    lock_in(tx, space, id).await
}

/// The same, in a space that need not be the caller's.
pub async fn lock_in(tx: &mut Tx<'_>, space: Id, id: Id) -> Result<Option<Contact>> {
    let row: Option<ContactRow> = lock!(tx, contacts::table.find((space, id)).select(ContactRow::as_select()))?;
    Ok(with_identities(tx, space, row.into_iter().collect()).await?.pop())
}

/// A contact that is about to go, locked; nobody can come to refer to it meanwhile.
pub async fn lock_to_delete(tx: &mut Tx<'_>, id: Id) -> Result<Option<Contact>> {
    let space = tx.space();
    let row: Option<ContactRow> =
        lock_to_delete!(tx, contacts::table.find((space, id)).select(ContactRow::as_select()))?;
    Ok(with_identities(tx, space, row.into_iter().collect()).await?.pop())
}

/// The contact that an argument refers to, or a field error that says where it does. The contact stays until the transaction ends.
pub async fn require(tx: &mut Tx<'_>, pointer: &str, id: Id) -> Result<ContactRow> {
    let space = tx.space();
    let of_space = contacts::table.filter(contacts::organization_id.eq(space));
    let found: Vec<ContactRow> = keep!(tx, of_space.filter(contacts::id.eq(id)).select(ContactRow::as_select()))?;
    found.into_iter().next().ok_or_else(|| Error::argument(pointer, "unknown_id", format!("there is no contact {id}")))
}

/// Which of these contacts there are; they stay until the transaction ends.
pub async fn keep(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Id>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let space = tx.space();
    let of_space = contacts::table.filter(contacts::organization_id.eq(space));
    Ok(keep!(tx, of_space.filter(contacts::id.eq_any(ids)).select(contacts::id))?)
}

/// The contact that has this identity.
pub async fn by_identity(conn: &mut Conn, space: Id, key: &IdentityKey) -> Result<Option<Id>> {
    Ok(run!(conn, |c| contact_identities::table
        .filter(contact_identities::organization_id.eq(space))
        .filter(contact_identities::value.eq(key.value()).and(contact_identities::type_.eq(key.kind())))
        .select(contact_identities::contact_id)
        .first(c))
    .optional()?)
}

/// The contacts that are known by any of these values, anywhere.
pub async fn known_as(conn: &mut Conn, space: Id, values: &[String]) -> Result<Vec<Id>> {
    Ok(run!(conn, |c| contact_identities::table
        .filter(contact_identities::organization_id.eq(space).and(contact_identities::value.eq_any(values)))
        .select(contact_identities::contact_id)
        .load(c))?)
}

/// These contacts, oldest first; those that are not there are left out.
pub async fn find_all(conn: &mut Conn, space: Id, ids: &[Id]) -> Result<Vec<Contact>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ContactRow> = run!(conn, |c| contacts::table
        .filter(contacts::organization_id.eq(space).and(contacts::id.eq_any(ids)))
        .order(contacts::id)
        .select(ContactRow::as_select())
        .load(c))?;
    with_identities(conn, space, rows).await
}

/// Whether a company has a primary contact.
pub async fn has_primary(tx: &mut Tx<'_>, company: Id) -> Result<bool> {
    let space = tx.space();
    let found: Option<Id> = run!(tx, |c| contacts::table
        .filter(contacts::organization_id.eq(space).and(contacts::company_id.eq(company)))
        .filter(contacts::is_primary)
        .select(contacts::id)
        .first(c))
    .optional()?;
    Ok(found.is_some())
}

/// The contact that is called so in another system.
pub async fn by_external_id(conn: &mut Conn, space: Id, external_id: &str) -> Result<Option<Id>> {
    Ok(run!(conn, |c| contacts::table
        .filter(contacts::organization_id.eq(space).and(contacts::external_id.eq(external_id)))
        .select(contacts::id)
        .first(c))
    .optional()?)
}

/// Contacts with their identities: one statement for all of them.
pub async fn with_identities(conn: &mut Conn, space: Id, rows: Vec<ContactRow>) -> Result<Vec<Contact>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let mut all: Vec<Identity> = match ids.is_empty() {
        true => Vec::new(),
        false => run!(conn, |c| contact_identities::table
            .filter(contact_identities::organization_id.eq(space).and(contact_identities::contact_id.eq_any(&ids)))
            .order((contact_identities::contact_id, contact_identities::id))
            .select(Identity::as_select())
            .load(c))?,
    };
    let mut contacts = Vec::with_capacity(rows.len());
    for row in rows {
        let identities = all.extract_if(.., |identity| identity.contact_id == row.id).collect();
        contacts.push(Contact { row, identities });
    }
    Ok(contacts)
}

/// What a contact is known by when they first come: enough to find them, or to make a contact of them.
#[derive(Clone, Debug)]
pub enum KnownBy {
    /// An address, number or account.
    Identity(IdentityKey),
    /// An id in another system.
    ExternalId(String),
}

/// Finds the contact that is known by this, or creates one; the contact is locked. Of many who look for the same one at once, one
/// creates it. `name` is for a contact without one, `at` is when a new one came to be.
pub async fn identify(tx: &mut Tx<'_>, known_by: &KnownBy, name: Option<&str>, at: Timestamp) -> Result<Contact> {
    let space = tx.space();
    let id = match known_by {
        KnownBy::Identity(key) => by_identity(tx, space, key).await?,
        KnownBy::ExternalId(external_id) => by_external_id(tx, space, external_id).await?,
    };
    let name = name.map(str::trim).filter(|name| !name.is_empty()).map(|name| name.chars().take(200).collect());
    let Some(id) = id else {
        let mut contact = Contact::new(tx, at);
        contact.name = name;
        match known_by {
            KnownBy::Identity(key) => contact.add_identity(tx.new_id_at(at), key, true),
            KnownBy::ExternalId(external_id) => contact.external_id = Some(external_id.clone()),
        }
        return insert(tx, contact).await.map_err(again);
    };
    let before = lock(tx, id).await?.ok_or_else(gone)?;
    let is_still_known = match known_by {
        KnownBy::Identity(key) => before.identities.iter().any(|identity| identity.is(key)),
        KnownBy::ExternalId(external_id) => before.external_id.as_ref() == Some(external_id),
    };
    if !is_still_known {
        return Err(gone());
    }
    let mut contact = before.clone();
    if contact.name.is_none() {
        contact.name = name;
    }
    save(tx, before, contact, "contact.updated").await
}

/// Stores a new contact and announces it.
pub async fn insert(tx: &mut Tx<'_>, contact: Contact) -> Result<Contact> {
    let contact = put(tx, contact).await?;
    tx.emit("contact.created", &contact)?;
    Ok(contact)
}

/// Puts a contact that is not there, or not any more, among the contacts; its tags are for the caller to note.
pub(super) async fn put(tx: &mut Tx<'_>, mut contact: Contact) -> Result<Contact> {
    contact.settle();
    refuse_taken(tx, None, &contact).await?;
    make_way(tx, None, &contact).await?;
    run!(tx, |c| diesel::insert_into(contacts::table)
        .values((&contact.row, contacts::words.eq(contact.words()), contacts::name_key.eq(contact.name_key())))
        .execute(c))
    .or_conflict(raced)?;
    insert_identities(tx, &contact.identities).await?;
    search::put(tx, contact.entry()).await?;
    companies::store::move_contact(tx, None, contact.company_id).await?;
    Ok(contact)
}

/// Takes a contact, locked to be deleted, from among the contacts, with all that is found by it.
pub(super) async fn take_out(tx: &mut Tx<'_>, contact: &Contact) -> Result<()> {
    tags::store::untag_all(tx, TaggedType::Contact, contact.row.id).await?;
    search::remove(tx, SEARCHED, contact.row.id).await?;
    if contact.is_verified {
        Sessions::forget(tx)?;
    }
    run!(tx, |c| diesel::delete(contacts::table.find((contact.organization_id, contact.row.id))).execute(c))?;
    companies::store::move_contact(tx, contact.company_id, None).await
}

/// Stores what has become of a contact and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Contact, mut after: Contact, event: &'static str) -> Result<Contact> {
    after.settle();
    if after == before {
        return Ok(before);
    }
    refuse_taken(tx, Some(&before), &after).await?;
    make_way(tx, Some(&before), &after).await?;
    let after = write(tx, &before, after, event).await?;
    companies::store::move_contact(tx, before.company_id, after.company_id).await?;
    Ok(after)
}

async fn write(tx: &mut Tx<'_>, before: &Contact, mut after: Contact, event: &'static str) -> Result<Contact> {
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(contacts::table.find((after.organization_id, after.row.id)))
        .set((&after.row, contacts::words.eq(after.words()), contacts::name_key.eq(after.name_key())))
        .execute(c))
    .or_conflict(raced)?;
    save_identities(tx, before, &after).await?;
    // Only who was authenticated has tokens; from the commit on they are looked up again.
    if after.is_verified && after.is_blocked != before.is_blocked {
        Sessions::forget(tx)?;
    }
    let entry = after.entry();
    if entry.words != before.entry().words {
        search::put(tx, entry).await?;
    }
    tx.emit_change(event, before, &after)?;
    Ok(after)
}

/// Where a contact becomes the primary one of a company, the one that was is no longer.
async fn make_way(tx: &mut Tx<'_>, before: Option<&Contact>, after: &Contact) -> Result<()> {
    let was = before.is_some_and(|before| before.is_primary && before.company_id == after.company_id);
    let Some(company) = after.company_id.filter(|_| after.is_primary && !was) else { return Ok(()) };
    let other: Option<Id> = run!(tx, |c| contacts::table
        .filter(contacts::organization_id.eq(after.organization_id).and(contacts::company_id.eq(company)))
        .filter(contacts::is_primary.and(contacts::id.ne(after.row.id)))
        .select(contacts::id)
        .first(c))
    .optional()?;
    let Some(other) = other else { return Ok(()) };
    let before = lock(tx, other).await?.ok_or_else(gone)?;
    if !before.is_primary || before.company_id != Some(company) {
        return Err(gone());
    }
    let mut yielding = before.clone();
    yielding.is_primary = false;
    write(tx, &before, yielding, "contact.updated").await?;
    Ok(())
}

/// How the numbers of a contact's conversations change.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// By how many conversations there are more, or fewer.
    pub all: i32,
    /// By how many of them are more, or fewer, that are not closed.
    pub open: i32,
}

/// Notes that a contact has more conversations, or fewer, and when something last happened in them. That is no change of the contact:
/// what caused it has its own event.
pub async fn count_conversations(tx: &mut Tx<'_>, contact: Id, counted: Counted, at: Option<Timestamp>) -> Result<()> {
    let space = tx.space();
    run!(tx, |c| diesel::update(contacts::table.find((space, contact)))
        .set((
            contacts::conversation_count.eq(contacts::conversation_count + counted.all),
            contacts::open_conversation_count.eq(contacts::open_conversation_count + counted.open),
            contacts::last_activity_at.eq(case_when(
                contacts::last_activity_at.is_null().or(contacts::last_activity_at.lt(at)),
                at.into_sql::<diesel::sql_types::Nullable<crate::db::TimestampSql>>(),
            )
            .otherwise(contacts::last_activity_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// Refuses what another contact has already, and says which one that is.
async fn refuse_taken(tx: &mut Tx<'_>, before: Option<&Contact>, after: &Contact) -> Result<()> {
    let had = |key: &Identity| before.is_some_and(|before| before.identities.iter().any(|one| one.is(&key.key())));
    for identity in after.identities.iter().filter(|identity| !had(identity)) {
        if let Some(other) = by_identity(tx, after.organization_id, &identity.key()).await?.filter(|id| *id != after.id)
        {
            return Err(taken(&format!("{} {}", identity.kind, identity.value), other));
        }
    }
    let external_id = after.external_id.as_ref();
    if let Some(external_id) =
        external_id.filter(|id| before.and_then(|before| before.external_id.as_ref()) != Some(id))
        && let Some(other) = by_external_id(tx, after.organization_id, external_id).await?
    {
        return Err(taken("external_id", other));
    }
    Ok(())
}

async fn save_identities(tx: &mut Tx<'_>, before: &Contact, after: &Contact) -> Result<()> {
    if before.identities == after.identities {
        return Ok(());
    }
    let space = after.organization_id;
    let gone: Vec<Id> = before.identities.iter().map(|one| one.id).filter(|id| after.identity(*id).is_none()).collect();
    run_each!(tx, &gone, |c, id| diesel::delete(contact_identities::table.find((space, *id))).execute(c))?;
    let (known, new): (Vec<Identity>, Vec<Identity>) =
        after.identities.iter().cloned().partition(|one| before.identity(one.id).is_some());
    let changed: Vec<Identity> = known.into_iter().filter(|one| before.identity(one.id) != Some(one)).collect();
    run_each!(tx, &changed, |c, one| diesel::update(contact_identities::table.find((space, one.id)))
        .set((one, contact_identities::likeness.eq(one.likeness())))
        .execute(c))
    .or_conflict(raced)?;
    insert_identities(tx, &new).await
}

async fn insert_identities(tx: &mut Tx<'_>, new: &[Identity]) -> Result<()> {
    run_each!(tx, new, |c, one| diesel::insert_into(contact_identities::table)
        .values((one, contact_identities::likeness.eq(one.likeness())))
        .execute(c))
    .or_conflict(raced)
}

fn taken(what: &str, by: Id) -> Error {
    Error::new(Code::AlreadyExists, format!("Another contact has the {what}.")).with("existing_id", by.to_string())
}

/// Somebody else stored the same identity between the look and the write: looked at again, it is there.
fn raced(index: &str) -> Error {
    Fault::Retry(format!("taken meanwhile: {index}")).into()
}

/// For those who looked for the owner of what they store: that another contact has it by now means that they look again.
pub(super) fn again(error: Error) -> Error {
    if error.code() == Code::AlreadyExists { gone() } else { error }
}

/// The contact that was found is not there, or not known by that, any more: looked at again, things are different.
pub(super) fn gone() -> Error {
    Fault::Retry("the contact changed meanwhile".into()).into()
}
