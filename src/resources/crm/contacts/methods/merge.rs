//! How two contacts become one, and two again.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, FieldError, Kind, Method, Output, Result, Tx};
use crate::resources::crm::contacts::arguments::MAX_IDENTITIES;
use crate::resources::crm::contacts::copies::{self, Copies};
use crate::resources::crm::contacts::{Contact, merging, store};
use crate::resources::crm::tags::{self, TaggedType};
use crate::resources::inbox::conversations::movers;

arguments! {
    /// Makes two contacts one.
    ///
    /// The destination keeps its own values and gets those it lacks; identities, tags and conversations of the source go over to it,
    /// and a denied consent stays denied. The source is no contact any more. For 90 days `contacts.unmerge` makes them two again.
    pub struct Merge {
        /// The contact that becomes part of the other.
        pub source_id: Id,
        /// The contact that stays.
        pub destination_id: Id,
    }
}

/// A contact that another one has become part of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Merged {
    #[serde(flatten)]
    pub contact: Contact,
    /// The merge; `contacts.unmerge` takes it.
    pub merge_id: Id,
}

impl Deref for Merged {
    type Target = Contact;

    fn deref(&self) -> &Contact {
        &self.contact
    }
}

impl Output for Merged {
    fn etag(&self) -> Option<i64> {
        self.contact.etag()
    }
}

impl Method for Merge {
    const NAME: &'static str = "contacts.merge";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const DRY_RUN: bool = true;
    const ERRORS: &'static [Code] = &[Code::MergeConflict, Code::Cycle];
    const EVENTS: &'static [&'static str] = &["contact.merged", "conversation.updated"];
    const EXAMPLE: &'static str = r#"{"source_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7","destination_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Merged;

    async fn call(self, ctx: Context) -> Result<Merged> {
        ctx.write(async move |tx| {
            if self.source_id == self.destination_id {
                return Err(Error::new(Code::Cycle, "A contact cannot become part of itself."));
            }
            let (source, destination) = self.both(tx).await?;
            let mut after = merging::absorb(&destination, &source);
            if after.identities.len() > MAX_IDENTITIES {
                let message = format!("Together they have more than {MAX_IDENTITIES} identities.");
                return Err(Error::new(Code::MergeConflict, message));
            }
            store::take_out(tx, &source).await?;
            let wanted = std::mem::replace(&mut after.row.tags, destination.tags.clone()).0;
            tags::store::retag(tx, TaggedType::Contact, after.row.id, &mut after.row.tags, wanted).await?;
            let contact = store::save(tx, destination.clone(), after, "contact.merged").await?;
            let mut gone = source.clone();
            gone.version += 1;
            gone.updated_at = tx.now();
            gone.row.details.merged_into_id = Some(contact.row.id);
            tx.emit_change("contact.merged", &source, &gone)?;
            let conversation_ids = movers::all(tx, source.row.id, contact.row.id, contact.company_id).await?;
            let contact = counted(tx, contact).await?;
            let merge_id = tx.new_id();
            copies::keep_merge(tx, merge_id, &Copies { source, destination, conversation_ids }).await?;
            Ok(Merged { contact, merge_id })
        })
        .await
    }
}

impl Merge {
    /// Both contacts, locked in the order of their ids.
    async fn both(&self, tx: &mut Tx<'_>) -> Result<(Contact, Contact)> {
        let (source, destination) = match self.source_id < self.destination_id {
            true => {
                let source = store::lock_to_delete(tx, self.source_id).await?;
                (source, store::lock(tx, self.destination_id).await?)
            }
            false => {
                let destination = store::lock(tx, self.destination_id).await?;
                (store::lock_to_delete(tx, self.source_id).await?, destination)
            }
        };
        let space = tx.space();
        if destination.is_none() && copies::went_into(tx, space, self.destination_id, self.source_id).await? {
            return Err(Error::new(Code::Cycle, "The destination has become part of the source already."));
        }
        let mut unknown = Vec::new();
        for (pointer, id, found) in
            [("/source_id", self.source_id, &source), ("/destination_id", self.destination_id, &destination)]
        {
            if found.is_none() {
                let error = FieldError::new(pointer, "unknown_id", format!("there is no contact {id}"));
                unknown.push(match copies::merged_into(tx, space, id).await? {
                    Some(into) => error.with("merged_into_id", into.to_string()),
                    None => error,
                });
            }
        }
        source.zip(destination).ok_or_else(|| Error::arguments(Self::NAME, unknown))
    }
}

arguments! {
    /// Makes two contacts of one again.
    ///
    /// This works for 90 days after the merge. What came with the merge goes back to the source: identities, tags, conversations, and
    /// values that were not changed since. What happened since stays with the destination. A merge that was undone already is answered
    /// with both contacts as they are.
    pub struct Unmerge {
        /// The merge: `merge_id` of `contacts.merge`.
        pub merge_id: Id,
    }
}

/// Two contacts that were one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unmerged {
    /// The contact that had become part of the other.
    pub source: Contact,
    /// The contact that it had become part of.
    pub destination: Contact,
}

impl Output for Unmerged {}

impl Method for Unmerge {
    const NAME: &'static str = "contacts.unmerge";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::MergeNotFound, Code::Expired, Code::InvalidState, Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["contact.unmerged", "conversation.updated"];
    const EXAMPLE: &'static str = r#"{"merge_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Unmerged;

    async fn call(self, ctx: Context) -> Result<Unmerged> {
        ctx.write(async move |tx| {
            let merge = copies::merge(tx, self.merge_id).await?;
            let merge = merge.ok_or_else(|| Error::new(Code::MergeNotFound, "There is no such merge."))?;
            let destination = store::lock(tx, merge.destination_id).await?;
            if merge.unmerged_at.is_some() {
                let source = store::lock(tx, merge.source_id).await?;
                let both = source.zip(destination);
                return both
                    .map(|(source, destination)| Unmerged { source, destination })
                    .ok_or_else(|| invalid("It was undone before, and one of the contacts has gone since."));
            }
            let Some(copies) = merge.copies.filter(|_| merge.expires_at > tx.now()) else {
                return Err(Error::new(Code::Expired, "A merge can be undone for 90 days; these are over."));
            };
            let Some(now) = destination else {
                let space = tx.space();
                let error = invalid("The contact it became part of is not there; bring that one back first.");
                return Err(match copies::merged_into(tx, space, merge.destination_id).await? {
                    Some(into) => error.with("merged_into_id", into.to_string()),
                    None => error,
                });
            };
            let (mut rest, mut back) = merging::part(&now, &copies.destination, &copies.source)?;
            let wanted = std::mem::replace(&mut rest.row.tags, now.tags.clone()).0;
            tags::store::retag(tx, TaggedType::Contact, rest.row.id, &mut rest.row.tags, wanted).await?;
            let destination = store::save(tx, now, rest, "contact.unmerged").await?;
            // As it was announced when it went.
            back.version += 1;
            let source = copies::put_back(tx, back).await?;
            tx.emit("contact.unmerged", &source)?;
            let moved = &copies.conversation_ids;
            movers::these(tx, moved, destination.row.id, source.row.id, source.company_id).await?;
            copies::note_unmerged(tx, self.merge_id).await?;
            let (source, destination) = (counted(tx, source).await?, counted(tx, destination).await?);
            Ok(Unmerged { source, destination })
        })
        .await
    }
}

/// The contact with its conversations as they are counted now.
async fn counted(tx: &mut Tx<'_>, contact: Contact) -> Result<Contact> {
    let found = store::find(tx, contact.organization_id, contact.row.id).await?;
    Ok(found.unwrap_or(contact))
}

fn invalid(message: &str) -> Error {
    Error::new(Code::InvalidState, message)
}
