//! What becomes of two contacts that turn out to be one person, and of one that turns out to be two.
//!
//! Nothing here asks the database: a merge can be computed again later, which is how it is undone.

use serde_json::{Map, Value};

use super::model::{Contact, ContactRow};
use super::parts::ConsentState;
use crate::db::{Id, Json};
use crate::method::{Error, Result};

/// What `destination` is once it has taken `source` in: its own values win, what it lacks it gets, lists are united, and a denied
/// consent stays denied. Conversations are counted when they follow. The tags of the result are as wanted; they have still to be noted.
pub fn absorb(destination: &Contact, source: &Contact) -> Contact {
    let mut merged = destination.clone();
    let row = &mut merged.row;
    let from = source.row.clone();
    macro_rules! fill {
        ($($field:ident),+) => {
            $(if row.$field.is_none() {
                row.$field = from.$field;
            })+
        };
    }
    fill!(company_id, name, first_name, last_name, title, role, user_id, external_id);
    let from_details = from.details.0;
    let details = &mut row.details.0;
    macro_rules! fill_details {
        ($($field:ident),+) => {
            $(if details.$field.is_none() {
                details.$field = from_details.$field;
            })+
        };
    }
    fill_details!(notes, avatar_url, gender, language, timezone, other_contact_details, ai_notes);
    if details.address == Default::default() {
        details.address = from_details.address;
    }
    if details.unverified == Default::default() {
        details.unverified = from_details.unverified;
    }
    let said = &from.consent;
    let consent = &mut row.consent.0;
    for (ours, theirs) in [
        (&mut consent.email, said.email),
        (&mut consent.sms, said.sms),
        (&mut consent.whatsapp, said.whatsapp),
        (&mut consent.phone, said.phone),
    ] {
        if *ours == ConsentState::Unknown || theirs == ConsentState::Denied {
            *ours = theirs;
        }
    }
    consent.updated_at = consent.updated_at.max(said.updated_at);
    row.tags.0.extend(from.tags.0.iter().filter(|tag| !destination.tags.contains(tag)).cloned());
    add(&mut row.custom_fields.0, from.custom_fields.0);
    add(&mut row.metadata.0, from.metadata.0);
    row.is_verified |= from.is_verified;
    row.last_activity_at = row.last_activity_at.max(from.last_activity_at);
    row.last_seen_at = row.last_seen_at.max(from.last_seen_at);
    for identity in &source.identities {
        let mut identity = identity.clone();
        identity.contact_id = merged.row.id;
        identity.is_primary &= merged.primary(identity.kind).is_none();
        merged.identities.push(identity);
    }
    merged.settle();
    merged
}

/// Adds what is not there yet, at every level.
fn add(target: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (target.get_mut(&key), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => add(ours, theirs),
            (Some(_), _) => {}
            (None, value) => drop(target.insert(key, value)),
        }
    }
}

/// What only a database can tell, or a merge does not undo.
const NOT_UNDONE: &[&str] = &[
    "id",
    "email",
    "phone",
    "is_primary",
    "is_blocked",
    "blocked_reason",
    "conversation_count",
    "open_conversation_count",
    "last_activity_at",
    "last_seen_at",
    "version",
    "created_at",
    "updated_at",
];

/// Two contacts of one: `now` is what has become of the contact `destination` since it took `source` in. What came with the merge and
/// was not changed since goes back; what was changed since stays.
pub fn part(now: &Contact, destination: &Contact, source: &Contact) -> Result<(Contact, Contact)> {
    let merged = absorb(destination, source);
    let json = |row: &ContactRow| serde_json::to_value(row).map_err(Error::internal);
    let mut after = json(&now.row)?;
    if let Value::Object(after) = &mut after {
        for name in NOT_UNDONE {
            after.shift_remove(*name);
        }
        revert(after, &json(&destination.row)?, &json(&merged.row)?);
        let kept = json(&now.row)?;
        for name in NOT_UNDONE {
            after.insert((*name).to_owned(), kept.get(*name).cloned().unwrap_or_default());
        }
    }
    let mut row: ContactRow = serde_json::from_value(after).map_err(Error::internal)?;
    row.organization_id = now.organization_id;
    row.is_primary &= row.company_id == now.company_id;
    let gained = |tag: &String| source.tags.contains(tag) && !destination.tags.contains(tag);
    row.tags = Json(now.tags.iter().filter(|tag| !gained(tag)).cloned().collect());
    let mut rest = Contact { row, identities: now.identities.clone() };

    let mut back = source.clone();
    back.identities.clear();
    for identity in &source.identities {
        let Some(current) = now.identity(identity.id) else { continue };
        rest.remove_identity(identity.id);
        let mut current = current.clone();
        current.contact_id = source.row.id;
        current.is_primary = identity.is_primary;
        back.identities.push(current);
    }
    rest.settle();
    back.settle();
    back.row.details.merged_into_id = None;
    Ok((rest, back))
}

/// Takes out of `now` what `merged` has and `before` had not, where it is still the same.
fn revert(now: &mut Map<String, Value>, before: &Value, merged: &Value) {
    let names: Vec<String> = now.keys().cloned().collect();
    for name in names {
        let (was, became) = (before.get(&name), merged.get(&name));
        match (now.get_mut(&name), was, became) {
            (Some(Value::Object(now)), Some(was @ Value::Object(_)), Some(became @ Value::Object(_))) => {
                revert(now, was, became);
            }
            (Some(current), was, Some(became)) if current == became && was != Some(became) => match was {
                Some(was) => *current = was.clone(),
                None => drop(now.shift_remove(&name)),
            },
            _ => {}
        }
    }
}

/// Restores what a copy of a contact leaves out, since callers must not see it.
pub fn complete(mut contact: Contact, space: Id) -> Contact {
    contact.row.organization_id = space;
    let id = contact.row.id;
    for identity in &mut contact.identities {
        identity.organization_id = space;
        identity.contact_id = id;
    }
    contact
}
