//! How contacts go, and come back.

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result, Tx, Void};
use crate::resources::crm::contacts::{Contact, copies, store};

arguments! {
    /// Deletes a contact.
    ///
    /// For 30 days `contacts.restore` brings the contact back; then nothing is left of it. Its conversations stay, without a contact
    /// that anybody could see. Whoever writes from the same address meanwhile is a new contact.
    pub struct Delete {
        /// The contact.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "contacts.delete";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["contact.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let contact = store::target_to_delete(tx, self.id).await?;
            remove(tx, &contact).await?;
            Ok(Void {})
        })
        .await
    }
}

/// Deletes a contact, locked to be deleted.
pub(in crate::resources) async fn remove(tx: &mut Tx<'_>, contact: &Contact) -> Result<()> {
    copies::keep_deleted(tx, contact).await?;
    store::take_out(tx, contact).await?;
    tx.emit("contact.deleted", contact)
}

arguments! {
    /// Brings a deleted contact back.
    ///
    /// This works for 30 days after the deletion. What another contact is known by since then is answered with `already_exists`. A
    /// contact that is there already is answered as it is.
    pub struct Restore {
        /// The contact.
        pub id: Id,
    }
}

impl Method for Restore {
    const NAME: &'static str = "contacts.restore";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::Expired, Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["contact.restored"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let Some(deleted) = copies::deleted(tx, self.id).await? else {
                return store::target(tx, self.id).await;
            };
            let Some(contact) = deleted.contact.filter(|_| deleted.expires_at > tx.now()) else {
                return Err(Error::new(
                    Code::Expired,
                    "A deleted contact can be restored for 30 days; these are over.",
                ));
            };
            let contact = tx.target(Some(contact))?;
            copies::forget_deleted(tx, self.id).await?;
            let contact = copies::put_back(tx, contact).await?;
            tx.emit("contact.restored", &contact)?;
            Ok(contact)
        })
        .await
    }
}
