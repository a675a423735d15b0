//! How contacts are read.

use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Name, Page, Result, Words};
use crate::query::Listing;
use crate::resources::crm::contacts::arguments::key;
use crate::resources::crm::contacts::{Contact, ContactType, FIELDS, IdentityType, copies, listing, store};

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
    /// Lists contacts, those that a query finds, or all.
    ///
    /// `search` is for what a person types into a box: names, addresses and numbers that begin so, whatever their order.
    pub struct ListContacts filtered {
        /// Only contacts of this company.
        pub company_id: Option<Id>,
        /// Only contacts with these words in their names, e-mail addresses, telephone numbers, accounts or title; the last word may be
        /// the beginning of one.
        pub search: Option<Name<200>>,
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
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str = r#"{"filters":"is_blocked:false","sort":"created_at:desc"}"#;
    type Output = Page<Contact>;

    async fn call(self, ctx: Context) -> Result<Page<Contact>> {
        let space = ctx.space();
        let mut list = Listing::new(&ctx, &self, &FIELDS)?;
        if let Some(text) = &self.search {
            list = list.and(listing::found_by(space, text));
        }
        let filter = listing::Filter { company: self.company_id, kind: self.kind, updated_after: self.updated_after };
        let (list, found) = ctx
            .scan(async move |conn| {
                let found = listing::list(conn, space, filter, &list).await?;
                Ok((list, found))
            })
            .await?;
        list.page(&ctx, found)
    }
}
