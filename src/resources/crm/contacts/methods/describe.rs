//! Tags, consent, and being blocked.

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Kind, Method, Name, Nullable, Result, Words, stored};
use crate::resources::crm::contacts::{ConsentChannel, ConsentState, Contact, store};
use crate::resources::crm::tags::{self, TaggedType};
use crate::text_enum;

arguments! {
    /// Gives a contact a tag.
    ///
    /// A tag that the contact has already, in whatever case, changes nothing.
    pub struct AddTag {
        /// The contact.
        pub id: Id,
        /// The tag; one that is new joins the organization's tags.
        pub tag: Name<50>,
    }
}

impl Method for AddTag {
    const NAME: &'static str = "contacts.addTag";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["contact.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","tag":"vip"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            tags::store::tag(tx, TaggedType::Contact, self.id, &mut contact.tags, &self.tag).await?;
            store::save(tx, before, contact, "contact.updated").await
        })
        .await
    }
}

arguments! {
    /// Takes a tag away from a contact.
    ///
    /// A tag that the contact does not have changes nothing.
    pub struct RemoveTag {
        /// The contact.
        pub id: Id,
        /// The tag, in whatever case.
        pub tag: Name<50>,
    }
}

impl Method for RemoveTag {
    const NAME: &'static str = "contacts.removeTag";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["contact.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","tag":"vip"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            tags::store::untag(tx, TaggedType::Contact, self.id, &mut contact.tags, &self.tag).await?;
            store::save(tx, before, contact, "contact.updated").await
        })
        .await
    }
}

arguments! {
    /// Blocks a contact.
    ///
    /// What a blocked contact writes is kept and put aside: nobody is asked to answer it. Tokens of the contact stop working at once.
    pub struct Block {
        /// The contact.
        pub id: Id,
        /// Why.
        pub reason: Nullable<Words<500>>,
    }
}

impl Method for Block {
    const NAME: &'static str = "contacts.block";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["contact.blocked"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","reason":"Sends advertising"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            contact.is_blocked = true;
            contact.details.blocked_reason = stored(self.reason.clone());
            store::save(tx, before, contact, "contact.blocked").await
        })
        .await
    }
}

arguments! {
    /// Lets a blocked contact write again.
    pub struct Unblock {
        /// The contact.
        pub id: Id,
    }
}

impl Method for Unblock {
    const NAME: &'static str = "contacts.unblock";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["contact.unblocked"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            contact.is_blocked = false;
            contact.details.blocked_reason = None;
            store::save(tx, before, contact, "contact.unblocked").await
        })
        .await
    }
}

text_enum! {
    /// What a contact said.
    pub enum ConsentAnswer {
        /// Yes.
        Granted = "granted",
        /// No.
        Denied = "denied",
    }
}

arguments! {
    /// Notes what a contact said to being written to or called for other reasons than their own questions.
    pub struct SetConsent {
        /// The contact.
        pub id: Id,
        /// The way of reaching the contact that they spoke of.
        pub channel: ConsentChannel,
        /// What they said.
        pub value: ConsentAnswer,
    }
}

impl Method for SetConsent {
    const NAME: &'static str = "contacts.setConsent";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["contact.consent_changed"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","channel":"email","value":"granted"}"#;
    type Output = Contact;

    async fn call(self, ctx: Context) -> Result<Contact> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut contact = before.clone();
            let said = match self.value {
                ConsentAnswer::Granted => ConsentState::Granted,
                ConsentAnswer::Denied => ConsentState::Denied,
            };
            if std::mem::replace(contact.consent.of(self.channel), said) != said {
                contact.consent.updated_at = Some(tx.now());
            }
            store::save(tx, before, contact, "contact.consent_changed").await
        })
        .await
    }
}
