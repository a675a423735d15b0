//! How contacts are read.

use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Context, Error, Kind, Method, Name, Page, Result, Words};
use crate::resources::crm::contacts::arguments::key;
use crate::resources::crm::contacts::{Contact, ContactType, IdentityType, copies, store};

arguments! {
    /// What a contact is known by.
    pub struct IdentityArgument {
        /// Where the contact is known by it.
        #[serde(rename = "type")]
        pub kind: IdentityType,
        /// The address, number or account.
        pub value: Words<320>,
    }
}

arguments! {
    /// Answers one contact.
    ///
    /// Name it by exactly one of the arguments.
    pub struct Info {
        /// The contact.
        pub id: Option<Id>,
        /// The contact's id in another system.
        pub external_id: Option<Name<255>>,
        /// What the contact is known by.
        pub identity: Option<IdentityArgument>,
    }
}

impl Method for Info {
    const NAME: &'static str = "contacts.info";
    const ACCESS: Access = Access::read(Area::Contacts);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        let mut conn = ctx.read().await?;
        let space = ctx.space();
        let id = match (self.id, &self.external_id, &self.identity) {
            (Some(id), None, None) => Some(id),
            (None, Some(external_id), None) => store::by_external_id(&mut conn, space, external_id).await?,
            (None, None, Some(identity)) => {
                let key = key("/identity/value", identity.kind, &identity.value)?;
                store::by_identity(&mut conn, space, &key).await?
            }
            _ => return Err(Error::argument("", "required", "expected one of id, external_id, identity")),
        };
        let Some(id) = id else { return Err(Error::not_found::<Contact>()) };
        match store::find(&mut conn, space, id).await? {
            Some(contact) => Ok(contact),
            None => Err(copies::not_found(&mut conn, space, id).await?),
        }
    }
}

arguments! {
    /// Lists contacts.
    pub struct ListContacts paged {
        /// Only contacts of this company.
        pub company_id: Option<Id>,
        /// Only contacts of this type.
        #[serde(rename = "type")]
        pub kind: Option<ContactType>,
        /// Only contacts that were changed after this instant.
        pub updated_after: Option<Timestamp>,
    }
}

impl Method for ListContacts {
    const NAME: &'static str = "contacts.list";
    const ACCESS: Access = Access::read(Area::Contacts);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Contact>;

    async fn call(self, ctx: Context) -> Result<Page<Contact>> {
        let window = ctx.page(&self)?;
        let filter = store::Filter { company: self.company_id, kind: self.kind, updated_after: self.updated_after };
        let found = store::list(&mut *ctx.read().await?, ctx.space(), filter, &window).await?;
        Ok(window.page(&ctx, found))
    }
}
