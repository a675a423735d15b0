//! The fields of a contact that callers may set: stated once, for `contacts.create`, `upsert` and `update`.

use super::identity::{IdentityKey, IdentityType};
use super::model::Contact;
use types::{Document, Email, List, Name, Nullable, Patch, Phone, Words};

use crate::arguments;
use crate::method::{Code, Error, FieldError, Result, Tx};
use crate::resources::account::users;
use crate::resources::crm::companies;
use crate::resources::crm::custom_fields::FieldObject;
use crate::resources::crm::custom_fields::values::{self, Moment};
use crate::resources::crm::tags::{self, TaggedType};

/// The most identities of one contact.
pub const MAX_IDENTITIES: usize = 100;

/// Declares a method's arguments: its own, then all that may be set of a contact.
macro_rules! contact_arguments {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $crate::arguments! {
            $(#[$meta])*
            pub struct $name {
                $($own)*
                /// The whole name.
                pub name: Patch<Nullable<Name<200>>>,
                /// The given name.
                pub first_name: Patch<Nullable<Name<100>>>,
                /// The family name.
                pub last_name: Patch<Nullable<Name<100>>>,
                /// The primary e-mail address: the primary identity of the type `email` gets it.
                pub email: Patch<Nullable<Email>>,
                /// The primary telephone number, such as +1-555-0123: the primary identity of the type `phone` gets it.
                pub phone: Patch<Nullable<Phone>>,
                /// The company the contact works for.
                pub company_id: Patch<Nullable<Id>>,
                /// Whether this is the primary contact of the company; the one that was is no longer. A contact who goes to another
                /// company is not its primary one unless this says so.
                pub is_primary: Patch<bool>,
                /// The contact's position, such as CEO.
                pub title: Patch<Nullable<Words<120>>>,
                /// The part the contact plays in a purchase, such as decision maker.
                pub role: Patch<Nullable<Words<120>>>,
                /// What is worth knowing.
                pub notes: Patch<Nullable<Words<20000>>>,
                /// The user who looks after the contact.
                pub user_id: Patch<Nullable<Id>>,
                /// What the contact is to the organization; a new contact is a lead.
                #[serde(rename = "type")]
                pub kind: Patch<ContactType>,
                /// A picture.
                pub avatar_url: Patch<Nullable<Url>>,
                /// The contact's gender, in their own words.
                pub gender: Patch<Nullable<Words<40>>>,
                /// The contact's language.
                pub language: Patch<Nullable<Language>>,
                /// The contact's time zone.
                pub timezone: Patch<Nullable<Timezone>>,
                /// The postal address; null clears all of it.
                pub address: Patch<
                    Nullable<AddressPatch>,
                >,
                /// Other ways to reach the contact.
                pub other_contact_details: Patch<Nullable<Words<2000>>>,
                /// What AI teammates are to know.
                pub ai_notes: Patch<Nullable<Words<10000>>>,
                /// What a visitor claims and nobody has checked; null clears all of it.
                pub unverified: Patch<
                    Nullable<UnverifiedPatch>,
                >,
                /// Words to find the contact by, in place of those the contact has. New ones join the organization's tags.
                pub tags: Patch<List<Name<50>, 100>>,
                /// Values of the fields that the organization defined, merged by name; null clears.
                pub custom_fields: Patch<Document>,
                /// Free data, merged by key.
                pub metadata: Patch<Document>,
                /// The contact's id in another system; unique among contacts.
                pub external_id: Patch<Nullable<Words<255>>>,
            }
        }

        impl $name {
            /// Puts what was sent into a contact, and checks what it refers to.
            async fn apply(
                &self,
                tx: &mut $crate::method::Tx<'_>,
                contact: &mut $crate::resources::crm::contacts::Contact,
                moment: $crate::resources::crm::custom_fields::values::Moment,
            ) -> $crate::method::Result<()> {
                let before = contact.clone();
                let args = self.clone();
                args.name.apply(&mut contact.name);
                args.first_name.apply(&mut contact.first_name);
                args.last_name.apply(&mut contact.last_name);
                args.title.apply(&mut contact.title);
                args.role.apply(&mut contact.role);
                args.notes.apply(&mut contact.details.notes);
                args.user_id.apply(&mut contact.user_id);
                args.kind.apply(&mut contact.kind);
                args.avatar_url.apply(&mut contact.details.avatar_url);
                args.gender.apply(&mut contact.details.gender);
                args.language.apply(&mut contact.details.language);
                args.timezone.apply(&mut contact.details.timezone);
                args.address.apply(&mut contact.details.address);
                args.other_contact_details.apply(&mut contact.details.other_contact_details);
                args.ai_notes.apply(&mut contact.details.ai_notes);
                args.unverified.apply(&mut contact.details.unverified);
                args.metadata.apply(&mut contact.metadata);
                args.external_id.apply(&mut contact.external_id);
                args.company_id.apply(&mut contact.company_id);
                contact.is_primary &= contact.company_id == before.company_id;
                args.is_primary.apply(&mut contact.is_primary);
                use $crate::resources::crm::contacts::arguments::{check, describe, reach};
                reach(tx, contact, &self.email, &self.phone)?;
                check(tx, &before, contact).await?;
                describe(tx, contact, args.tags, args.custom_fields, moment).await
            }
        }
    };
}

pub(super) use contact_arguments;

/// The types of these fields, by the short names that tell which of them may be left out.
pub(super) mod types {
    pub use crate::db::Id;
    pub use crate::method::{Document, Email, Language, List, Name, Nullable, Patch, Phone, Timezone, Url, Words};
    pub use crate::resources::crm::contacts::{AddressPatch, ContactType, UnverifiedPatch};
}

/// Sets the primary address and number, where they were sent.
pub(super) fn reach(
    tx: &Tx<'_>,
    contact: &mut Contact,
    email: &Patch<Nullable<Email>>,
    phone: &Patch<Nullable<Phone>>,
) -> Result<()> {
    if let Some(email) = email.sent() {
        let key = email.0.as_deref().map(|text| key("/email", IdentityType::Email, text)).transpose()?;
        contact.set_primary(tx.new_id(), IdentityType::Email, key.as_ref());
    }
    if let Some(phone) = phone.sent() {
        let key = phone.0.as_deref().map(|text| key("/phone", IdentityType::Phone, text)).transpose()?;
        contact.set_primary(tx.new_id(), IdentityType::Phone, key.as_ref());
    }
    contact.settle();
    Ok(())
}

/// An identity that an argument names.
pub(super) fn key(pointer: &str, kind: IdentityType, value: &str) -> Result<IdentityKey> {
    IdentityKey::new(kind, value).map_err(|expected| Error::argument(pointer, "format", expected))
}

/// Refuses what does not hold together.
pub(super) async fn check(tx: &mut Tx<'_>, before: &Contact, after: &Contact) -> Result<()> {
    if let Some(problem) = Document::problem(&after.metadata) {
        return Err(Error::argument("/metadata", "too_long", format!("with what is there already {problem}")));
    }
    if let Some(problem) = Document::problem(&after.details.unverified.metadata) {
        let message = format!("with what is there already {problem}");
        return Err(Error::argument("/unverified/metadata", "too_long", message));
    }
    if let Some(user) = after.user_id.filter(|_| after.user_id != before.user_id) {
        users::store::require(tx, &[("/user_id".into(), user)]).await?;
    }
    if let Some(company) = after.company_id.filter(|_| after.company_id != before.company_id) {
        companies::store::require(tx, "/company_id", company).await?;
    }
    if after.is_primary && after.company_id.is_none() {
        return Err(Error::argument("/is_primary", "no_company", "only a contact of a company can be its primary one"));
    }
    somebody(after)
}

/// Sets tags and custom fields, where they were sent.
pub(super) async fn describe(
    tx: &mut Tx<'_>,
    contact: &mut Contact,
    wanted: Patch<List<Name<50>, 100>>,
    fields: Patch<Document>,
    moment: Moment,
) -> Result<()> {
    if let Patch::Set(wanted) = wanted {
        let wanted = wanted.0.iter().map(|name| name.to_string()).collect();
        tags::store::retag(tx, TaggedType::Contact, contact.row.id, &mut contact.row.tags, wanted).await?;
    }
    let patch = match fields {
        Patch::Set(document) => Some(document.0),
        Patch::Absent => None,
    };
    values::apply(tx, FieldObject::Contact, &mut contact.row.custom_fields, patch, moment).await
}

/// Refuses a contact that nobody could tell from another.
pub(super) fn somebody(contact: &Contact) -> Result<()> {
    if contact.is_somebody() {
        return Ok(());
    }
    Err(Error::argument("", "required", "a contact needs a name, email, phone, external_id or an identity"))
}

arguments! {
    /// An identity to give a contact.
    pub struct NewIdentity {
        /// Where the contact is known by it.
        #[serde(rename = "type")]
        pub kind: IdentityType,
        /// The address, number or account.
        pub value: Words<320>,
        /// Whether it is the one to use of its type; the first one is, if this is left out.
        pub is_primary: Option<bool>,
    }
}

/// The identities that an argument lists, and whether each is to be the primary one.
pub(super) fn keys(method: &str, new: Option<&List<NewIdentity, 20>>) -> Result<Vec<(IdentityKey, bool)>> {
    let (mut keys, mut wrong) = (Vec::new(), Vec::new());
    for (index, identity) in new.into_iter().flat_map(|list| list.iter()).enumerate() {
        match IdentityKey::new(identity.kind, &identity.value) {
            Ok(key) => keys.push((key, identity.is_primary == Some(true))),
            Err(expected) => wrong.push(FieldError::new(format!("/identities/{index}/value"), "format", expected)),
        }
    }
    if wrong.is_empty() { Ok(keys) } else { Err(Error::arguments(method, wrong)) }
}

/// Gives a contact identities, up to as many as one has.
pub(super) fn add_identities(tx: &Tx<'_>, contact: &mut Contact, keys: &[(IdentityKey, bool)]) -> Result<()> {
    for (key, is_primary) in keys {
        contact.add_identity(tx.new_id(), key, *is_primary);
    }
    contact.settle();
    if contact.identities.len() <= MAX_IDENTITIES {
        return Ok(());
    }
    Err(Error::new(Code::LimitExceeded, format!("A contact has at most {MAX_IDENTITIES} identities.")))
}
