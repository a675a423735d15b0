//! The fields of a contact that callers may set: stated once, for `contacts.create`, `upsert` and `update`.

use super::identity::{IdentityKey, IdentityType};
use super::model::Contact;
use crate::arguments;
use crate::method::{Document, Error, FieldError, Nullable, Patch, Result, Tx, Words};
use crate::resources::account::users;

/// Declares a method's arguments: its own, then all that may be set of a contact.
macro_rules! contact_arguments {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $crate::arguments! {
            $(#[$meta])*
            #[derive(Default)]
            pub struct $name {
                $($own)*
                /// The whole name.
                pub name: $crate::method::Patch<$crate::method::Nullable<$crate::method::Name<200>>>,
                /// The given name.
                pub first_name: $crate::method::Patch<$crate::method::Nullable<$crate::method::Name<100>>>,
                /// The family name.
                pub last_name: $crate::method::Patch<$crate::method::Nullable<$crate::method::Name<100>>>,
                /// The primary e-mail address: the primary identity of the type `email` gets it.
                pub email: $crate::method::Patch<$crate::method::Nullable<$crate::method::Email>>,
                /// The primary telephone number, such as +1-555-0123: the primary identity of the type `phone` gets it.
                pub phone: $crate::method::Patch<$crate::method::Nullable<$crate::method::Phone>>,
                /// The contact's position, such as CEO.
                pub title: $crate::method::Patch<$crate::method::Nullable<$crate::method::Words<120>>>,
                /// The part the contact plays in a purchase, such as decision maker.
                pub role: $crate::method::Patch<$crate::method::Nullable<$crate::method::Words<120>>>,
                /// What is worth knowing.
                pub notes: $crate::method::Patch<$crate::method::Nullable<$crate::method::Words<20000>>>,
                /// The user who looks after the contact.
                pub user_id: $crate::method::Patch<$crate::method::Nullable<$crate::db::Id>>,
                /// What the contact is to the organization; a new contact is a lead.
                #[serde(rename = "type")]
                pub kind: $crate::method::Patch<$crate::resources::crm::contacts::ContactType>,
                /// A picture.
                pub avatar_url: $crate::method::Patch<$crate::method::Nullable<$crate::method::Url>>,
                /// The contact's gender, in their own words.
                pub gender: $crate::method::Patch<$crate::method::Nullable<$crate::method::Words<40>>>,
                /// The contact's language.
                pub language: $crate::method::Patch<$crate::method::Nullable<$crate::method::Language>>,
                /// The contact's time zone.
                pub timezone: $crate::method::Patch<$crate::method::Nullable<$crate::method::Timezone>>,
                /// The postal address; null clears all of it.
                pub address: $crate::method::Patch<
                    $crate::method::Nullable<$crate::resources::crm::contacts::AddressPatch>,
                >,
                /// Other ways to reach the contact.
                pub other_contact_details: $crate::method::Patch<$crate::method::Nullable<$crate::method::Words<2000>>>,
                /// What AI teammates are to know.
                pub ai_notes: $crate::method::Patch<$crate::method::Nullable<$crate::method::Words<10000>>>,
                /// What a visitor claims and nobody has checked; null clears all of it.
                pub unverified: $crate::method::Patch<
                    $crate::method::Nullable<$crate::resources::crm::contacts::UnverifiedPatch>,
                >,
                /// Free data, merged by key.
                pub metadata: $crate::method::Patch<$crate::method::Document>,
                /// The contact's id in another system; unique among contacts.
                pub external_id: $crate::method::Patch<$crate::method::Nullable<$crate::method::Words<255>>>,
            }
        }

        impl $name {
            /// Puts what was sent into a contact, and checks what it refers to.
            async fn apply(
                &self,
                tx: &mut $crate::method::Tx<'_>,
                contact: &mut $crate::resources::crm::contacts::Contact,
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
                $crate::resources::crm::contacts::arguments::reach(tx, contact, &self.email, &self.phone)?;
                $crate::resources::crm::contacts::arguments::check(tx, &before, contact).await
            }
        }
    };
}

pub(super) use contact_arguments;

/// Sets the primary address and number, where they were sent.
pub(super) fn reach(
    tx: &Tx<'_>,
    contact: &mut Contact,
    email: &Patch<Nullable<crate::method::Email>>,
    phone: &Patch<Nullable<crate::method::Phone>>,
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
    somebody(after)
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

/// Gives a contact identities.
pub(super) fn add_identities(tx: &Tx<'_>, contact: &mut Contact, new: &[NewIdentity]) -> Result<()> {
    let mut wrong = Vec::new();
    for (index, identity) in new.iter().enumerate() {
        match IdentityKey::new(identity.kind, &identity.value) {
            Ok(key) => contact.add_identity(tx.new_id(), &key, identity.is_primary == Some(true)),
            Err(expected) => wrong.push(FieldError::new(format!("/identities/{index}/value"), "format", expected)),
        }
    }
    contact.settle();
    if wrong.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), wrong)) }
}
