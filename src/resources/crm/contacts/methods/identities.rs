//! What contacts are known by.

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Name, Page, Patch, Result, Tx, Words, normal};
use crate::resources::crm::contacts::arguments::{add_identities, key, somebody};
use crate::resources::crm::contacts::{Contact, IdentityType, store};

arguments! {
    /// Gives a contact an identity.
    ///
    /// An identity that the contact has already may be made the primary one; else nothing changes. One that another contact has is
    /// refused with `already_exists` and `existing_id`, or comes over if `move` says so.
    pub struct AddIdentity {
        /// The contact.
        pub id: Id,
        /// Where the contact is known by it.
        #[serde(rename = "type")]
        pub kind: IdentityType,
        /// The address, number or account.
        pub value: Words<320>,
        /// Whether it is the one to use of its type; the first one is, if this is left out.
        pub is_primary: Option<bool>,
        /// Whether it comes over from the contact that has it; false if left out.
        #[serde(rename = "move")]
        pub takes_over: Option<bool>,
    }
}

impl Method for AddIdentity {
    const NAME: &'static str = "contacts.addIdentity";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["contact.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","type":"whatsapp","value":"+1-555-0199"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        let key = key("/value", self.kind, &self.value)?;
        ctx.write(async move |tx| {
            let space = tx.space();
            let owner = store::by_identity(tx, space, &key).await?.filter(|owner| *owner != self.id);
            let giver = owner.filter(|_| self.takes_over == Some(true));
            // Both are locked in the order of their ids, as everywhere.
            let first = match giver {
                Some(giver) if giver < self.id => store::lock(tx, giver).await?,
                _ => None,
            };
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            if let Some(giver) = giver {
                let giver = match first {
                    Some(giver) => giver,
                    None => store::lock(tx, giver).await?.ok_or_else(store::gone)?,
                };
                let Some(identity) = giver.identities.iter().find(|identity| identity.is(&key)).cloned() else {
                    return Err(store::gone());
                };
                let mut rest = giver.clone();
                rest.remove_identity(identity.id);
                store::save(tx, giver, rest, "contact.updated").await?;
                contact.take_over(&identity, self.is_primary == Some(true));
            }
            add_identities(tx, &mut contact, &[(key.clone(), self.is_primary == Some(true))])?;
            let saved = store::save(tx, before, contact, "contact.updated").await;
            // It went to another contact after it was looked for: looked for again, it comes over from there.
            if self.takes_over == Some(true) { saved.map_err(store::again) } else { saved }
        })
        .await
    }
}

arguments! {
    /// Changes an identity of a contact.
    ///
    /// A new value has still to be proved to be the contact's.
    pub struct UpdateIdentity {
        /// The contact.
        pub id: Id,
        /// The identity.
        pub identity_id: Id,
        /// The address, number or account.
        pub value: Patch<Words<320>>,
        /// Whether it is the one to use of its type; the one that was is no longer.
        pub is_primary: Patch<bool>,
    }
}

impl Method for UpdateIdentity {
    const NAME: &'static str = "contacts.updateIdentity";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["contact.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","identity_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7","is_primary":true}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            let kind = contact.identity(self.identity_id).ok_or_else(|| no_such(self.identity_id))?.kind;
            let value = self.value.sent().map(|value| key("/value", kind, value)).transpose()?;
            if let Some(value) = &value
                && contact.identities.iter().any(|one| one.id != self.identity_id && one.is(value))
            {
                return Err(Error::argument("/value", "already_exists", "the contact has this identity already"));
            }
            if let Some(identity) = contact.identities.iter_mut().find(|one| one.id == self.identity_id) {
                if let Some(value) = value.filter(|value| !identity.is(value)) {
                    identity.value = value.value().to_owned();
                    identity.verified_at = None;
                }
                identity.is_primary &= self.is_primary != Patch::Set(false);
            }
            if self.is_primary == Patch::Set(true) {
                contact.make_primary(self.identity_id);
            }
            store::save(tx, before, contact, "contact.updated").await
        })
        .await
    }
}

arguments! {
    /// Takes an identity away from a contact.
    ///
    /// If it was the primary one of its type, the oldest other one is from then on. The next message from it makes a new contact.
    pub struct RemoveIdentity {
        /// The contact.
        pub id: Id,
        /// The identity.
        pub identity_id: Id,
    }
}

impl Method for RemoveIdentity {
    const NAME: &'static str = "contacts.removeIdentity";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["contact.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","identity_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx: &mut Tx<'_>| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            contact.identity(self.identity_id).ok_or_else(|| no_such(self.identity_id))?;
            contact.remove_identity(self.identity_id);
            somebody(&contact)?;
            store::save(tx, before, contact, "contact.updated").await
        })
        .await
    }
}

arguments! {
    /// Finds the contacts that are known by a value, whatever its type.
    ///
    /// Looks at identities of all types and at `external_id`. Different contacts may be known by the same value in different places, so
    /// there may be several.
    pub struct FindByIdentity {
        /// An address, number, account, or id in another system.
        pub value: Name<320>,
    }
}

impl Method for FindByIdentity {
    const NAME: &'static str = "contacts.findByIdentity";
    const ACCESS: Access = Access::read(Area::Contacts);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"value":"+1-555-0123"}"#;
    type Output = Page<Contact>;

    async fn call(self, ctx: Context) -> Result<Page<Contact>> {
        let value = self.value.trim();
        let mut spellings = vec![value.to_owned()];
        for format in ["email", "phone"] {
            spellings.extend(normal(format, value).ok().map(|normal| normal.into_owned()));
        }
        let mut conn = ctx.read().await?;
        let space = ctx.space();
        let mut ids = store::known_as(&mut conn, space, &spellings).await?;
        ids.extend(store::by_external_id(&mut conn, space, value).await?);
        Ok(Page::whole(store::find_all(&mut conn, space, &ids).await?))
    }
}

fn no_such(identity: Id) -> Error {
    Error::argument("/identity_id", "unknown_id", format!("the contact has no identity {identity}"))
}
