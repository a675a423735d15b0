//! How contacts come to be.

use crate::db::Timestamp;
use crate::method::{Access, Area, Code, Context, Kind, Method, Result, Tx};
use crate::resources::crm::contacts::arguments::types::*;
use crate::resources::crm::contacts::arguments::{NewIdentity, add_identities, contact_arguments, keys, reach};
use crate::resources::crm::contacts::{Contact, store};
use crate::resources::crm::custom_fields::values::Moment;

contact_arguments! {
    /// Creates a contact.
    ///
    /// A contact needs a name, an email, a phone, an external_id or an identity. What another contact is known by already is answered
    /// with `already_exists`, and `existing_id` says which contact that is. A new primary contact of a company takes the place of the
    /// one it has.
    pub struct Create {
        /// What the contact is known by, besides `email` and `phone`.
        pub identities: Option<List<NewIdentity, 20>>,
    }
}

impl Method for Create {
    const NAME: &'static str = "contacts.create";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["contact.created", "contact.updated"];
    const EXAMPLE: &'static str = r#"{"name":"John Doe","email":"john@acme.com","phone":"+1-555-0123","title":"CEO","role":"Decision Maker","notes":"Primary contact"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let now = tx.now();
            self.store(tx, now).await
        })
        .await
    }
}

impl Create {
    /// Stores the contact as one who came to be at an instant.
    pub(in crate::resources) async fn store(&self, tx: &mut Tx<'_>, at: Timestamp) -> Result<Contact> {
        let keys = keys(Self::NAME, self.identities.as_ref())?;
        let mut contact = Contact::new(tx, at);
        // The address and the number that are sent come first, so that they are the primary ones.
        reach(tx, &mut contact, &self.email, &self.phone)?;
        add_identities(tx, &mut contact, &keys)?;
        self.apply(tx, &mut contact, Moment::Create).await?;
        store::insert(tx, contact).await
    }
}
