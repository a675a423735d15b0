//! How contacts get tokens of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::jwt::{CONTACT_LIFETIME_SECONDS, TokenSigner};
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Document, Email, Error, Kind, Language, Method, Name, Output, Patch, Phone, Result,
    Tx, Url,
};
use crate::resources::crm::contacts::arguments::{add_identities, key};
use crate::resources::crm::contacts::{Contact, IdentityKey, IdentityType, store};
use crate::resources::crm::custom_fields::FieldObject;
use crate::resources::crm::custom_fields::values::{self, Moment};

arguments! {
    /// Vouches for a contact, and answers a token with which they can call for themselves.
    ///
    /// Call this from your own server, for a person who is logged in there, and hand the token to their browser or app: it is good for an
    /// hour, and for the methods that contacts may call, about their own things. The contact is created if there is none. What you
    /// name them by counts as verified from then on. A contact that is blocked or deleted meanwhile is out at once.
    pub struct Authenticate {
        /// The person's e-mail address.
        pub email: Option<Email>,
        /// The person's telephone number.
        pub phone: Option<Phone>,
        /// The person's id in your system.
        pub external_id: Option<Name<255>>,
        /// The whole name.
        pub name: Patch<Name<200>>,
        /// A picture.
        pub avatar_url: Patch<Url>,
        /// The person's language.
        pub language: Patch<Language>,
        /// Free data, merged by key.
        pub metadata: Patch<Document>,
    }
}

/// A contact with a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Authenticated {
    /// Authenticates the contact: `Authorization: Bearer <token>`.
    pub token: String,
    /// For how many seconds.
    pub expires_in: i64,
    /// The contact.
    pub contact: Contact,
}

impl Output for Authenticated {
    fn etag(&self) -> Option<i64> {
        self.contact.etag()
    }
}

impl Method for Authenticate {
    const NAME: &'static str = "contacts.authenticate";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::ContactBlocked, Code::MergeConflict, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["contact.created", "contact.authenticated"];
    const EXAMPLE: &'static str = r#"{"email":"john@acme.com","name":"John Doe"}"#;
    type Output = Authenticated;

    async fn call(self, ctx: Context) -> Result<Authenticated> {
        let keys = self.keys()?;
        ctx.write(async move |tx| {
            let before = self.find(tx, &keys).await?;
            let is_new = before.is_none();
            let mut contact = match &before {
                Some(contact) => contact.clone(),
                None => Contact::new(tx, tx.now()),
            };
            if contact.is_blocked {
                return Err(Error::new(Code::ContactBlocked, "This contact is blocked."));
            }
            let wanted: Vec<(IdentityKey, bool)> = keys.iter().map(|key| (key.clone(), false)).collect();
            add_identities(tx, &mut contact, &wanted)?;
            self.prove(tx, &mut contact, &keys)?;
            if is_new {
                values::apply(tx, FieldObject::Contact, &mut contact.row.custom_fields, None, Moment::Create).await?;
            }
            let contact = match before {
                Some(before) => {
                    store::save(tx, before, contact, "contact.authenticated").await.map_err(store::again)?
                }
                None => store::insert(tx, contact).await.map_err(store::again)?,
            };
            let (organization, is_test, now) = (tx.organization(), tx.ctx().caller()?.is_test, tx.now());
            let token = TokenSigner::of(tx.ctx())?.sign_contact(organization, contact.row.id, is_test, now)?;
            Ok(Authenticated { token, expires_in: CONTACT_LIFETIME_SECONDS, contact })
        })
        .await
    }
}

impl Authenticate {
    fn keys(&self) -> Result<Vec<IdentityKey>> {
        let email = self.email.as_deref().map(|text| key("/email", IdentityType::Email, text)).transpose()?;
        let phone = self.phone.as_deref().map(|text| key("/phone", IdentityType::Phone, text)).transpose()?;
        if email.is_none() && phone.is_none() && self.external_id.is_none() {
            return Err(Error::argument("", "required", "expected one of email, phone, external_id"));
        }
        Ok(email.into_iter().chain(phone).collect())
    }

    /// The one contact that is meant, locked.
    async fn find(&self, tx: &mut Tx<'_>, keys: &[IdentityKey]) -> Result<Option<Contact>> {
        let space = tx.space();
        let mut owners: Vec<Id> = Vec::new();
        if let Some(external_id) = &self.external_id {
            owners.extend(store::by_external_id(tx, space, external_id).await?);
        }
        for key in keys {
            owners.extend(store::by_identity(tx, space, key).await?);
        }
        owners.sort();
        owners.dedup();
        match owners.as_slice() {
            [] => Ok(None),
            [id] => Ok(Some(store::lock(tx, *id).await?.ok_or_else(store::gone)?)),
            _ => {
                let ids: Vec<String> = owners.iter().map(Id::to_string).collect();
                let message = "What was sent belongs to different contacts; merge them, or send less.";
                Err(Error::new(Code::MergeConflict, message).with("ids", ids))
            }
        }
    }

    /// Notes what the organization vouches for.
    fn prove(&self, tx: &Tx<'_>, contact: &mut Contact, keys: &[IdentityKey]) -> Result<()> {
        let args = self.clone();
        if let Some(external_id) = args.external_id {
            contact.external_id = Some(external_id.to_string());
        }
        if let Patch::Set(name) = args.name {
            contact.name = Some(name.to_string());
        }
        if let Patch::Set(url) = args.avatar_url {
            contact.details.avatar_url = Some(url.to_string());
        }
        if let Patch::Set(language) = args.language {
            contact.details.language = Some(language.to_string());
        }
        args.metadata.apply(&mut contact.metadata);
        if let Some(problem) = Document::problem(&contact.metadata) {
            let message = format!("with what is there already {problem}");
            return Err(Error::argument("/metadata", "too_long", message));
        }
        for identity in contact.identities.iter_mut().filter(|one| keys.iter().any(|key| one.is(key))) {
            identity.verified_at.get_or_insert(tx.now());
        }
        contact.is_verified = true;
        contact.last_seen_at = Some(tx.now());
        Ok(())
    }
}
