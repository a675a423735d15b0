//! How contacts are read.

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Error, Kind, Method, Name, Result, Words};
use crate::resources::crm::contacts::arguments::key;
use crate::resources::crm::contacts::{Contact, IdentityType, store};

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
        let found = match id {
            Some(id) => store::find(&mut conn, space, id).await?,
            None => None,
        };
        found.ok_or_else(Error::not_found::<Contact>)
    }
}
