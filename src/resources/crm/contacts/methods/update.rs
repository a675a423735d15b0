//! How contacts change.

use crate::method::{Access, Area, Code, Context, Kind, Method, Result};
use crate::resources::crm::contacts::arguments::contact_arguments;
use crate::resources::crm::contacts::arguments::types::*;
use crate::resources::crm::contacts::{Contact, store};
use crate::resources::crm::custom_fields::values::Moment;

contact_arguments! {
    /// Changes a contact.
    ///
    /// Fields that are left out stay as they are; null clears what can be cleared, `address`, `unverified` and `metadata` merge by
    /// key. A new `email` or `phone` takes the place of the primary one.
    pub struct Update {
        /// The contact.
        pub id: Id,
    }
}

impl Method for Update {
    const NAME: &'static str = "contacts.update";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["contact.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","title":"CEO"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            self.apply(tx, &mut contact, Moment::Update).await?;
            store::save(tx, before, contact, "contact.updated").await
        })
        .await
    }
}
