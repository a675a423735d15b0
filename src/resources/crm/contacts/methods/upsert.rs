//! Creating a contact or changing the one that is there, whichever it takes.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::Timestamp;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Output, Result, Tx};
use crate::resources::crm::contacts::arguments::types::*;
use crate::resources::crm::contacts::arguments::{NewIdentity, add_identities, contact_arguments, key, keys, reach};
use crate::resources::crm::contacts::{Contact, IdentityKey, IdentityType, store};
use crate::resources::crm::custom_fields::values::Moment;
use crate::text_enum;

text_enum! {
    /// By what a contact is looked for.
    #[derive(Default)]
    pub enum MatchOn {
        /// The `external_id`.
        #[default]
        ExternalId = "external_id",
        /// The `email`, be it the primary address or another one of the contact.
        Email = "email",
        /// The `phone`, be it the primary number or another one of the contact.
        Phone = "phone",
        /// Any of the `identities`, the `email` and the `phone`.
        Identity = "identity",
    }
}

contact_arguments! {
    /// Creates a contact, or changes the one that is there already.
    ///
    /// Of many such calls at the same moment, one creates the contact. A contact that is found gets the fields that are sent, and the
    /// identities besides those it has. If what is sent belongs to different contacts, nothing is changed: the answer is
    /// `merge_conflict`, with their ids in `ids`.
    pub struct Upsert {
        /// By what to look for the contact.
        pub match_on: MatchOn,
        /// What the contact is known by, besides `email` and `phone`.
        pub identities: Option<List<NewIdentity, 20>>,
    }
}

/// A contact, and whether it was created just now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UpsertedContact")]
pub struct Upserted {
    #[serde(flatten)]
    pub contact: Contact,
    /// Whether the contact was created; false if it was there.
    pub created: bool,
}

impl Deref for Upserted {
    type Target = Contact;

    fn deref(&self) -> &Contact {
        &self.contact
    }
}

impl Output for Upserted {
    fn etag(&self) -> Option<i64> {
        self.contact.etag()
    }
}

impl Method for Upsert {
    const NAME: &'static str = "contacts.upsert";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::MergeConflict, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["contact.created", "contact.updated"];
    const EXAMPLE: &'static str = r#"{"match_on":"email","email":"john@acme.com","name":"John Doe","title":"CEO"}"#;
    type Output = Upserted;

    async fn call(self, ctx: Context) -> Result<Upserted> {
        ctx.write(async move |tx| {
            let now = tx.now();
            self.store(tx, now).await
        })
        .await
    }
}

impl Upsert {
    /// Stores the contact; one who is new came to be at an instant.
    pub(in crate::resources) async fn store(&self, tx: &mut Tx<'_>, at: Timestamp) -> Result<Upserted> {
        let keys = keys(Self::NAME, self.identities.as_ref())?;
        let sought = self.sought(&keys)?;
        let Some(id) = self.one_of(tx, &sought, &keys).await? else {
            let mut contact = Contact::new(tx, at);
            reach(tx, &mut contact, &self.email, &self.phone)?;
            add_identities(tx, &mut contact, &keys)?;
            self.apply(tx, &mut contact, Moment::Create).await?;
            let contact = store::insert(tx, contact).await.map_err(store::again)?;
            return Ok(Upserted { contact, created: true });
        };
        let before = store::lock(tx, id).await?.ok_or_else(store::gone)?;
        let found = |key: &IdentityKey| before.identities.iter().any(|identity| identity.is(key));
        if !sought.iter().any(found) && !self.is_called(before.external_id.as_deref()) {
            return Err(store::gone());
        }
        let mut contact = before.clone();
        reach(tx, &mut contact, &self.email, &self.phone)?;
        add_identities(tx, &mut contact, &keys)?;
        self.apply(tx, &mut contact, Moment::Update).await?;
        let contact = store::save(tx, before, contact, "contact.updated").await.map_err(store::again)?;
        Ok(Upserted { contact, created: false })
    }

    fn email_key(&self) -> Result<Option<IdentityKey>> {
        let text = self.email.sent().and_then(|email| email.0.as_deref());
        text.map(|text| key("/email", IdentityType::Email, text)).transpose()
    }

    fn phone_key(&self) -> Result<Option<IdentityKey>> {
        let text = self.phone.sent().and_then(|phone| phone.0.as_deref());
        text.map(|text| key("/phone", IdentityType::Phone, text)).transpose()
    }

    fn external_id(&self) -> Option<&str> {
        self.external_id.sent().and_then(|id| id.0.as_deref())
    }

    fn is_called(&self, external_id: Option<&str>) -> bool {
        self.match_on == MatchOn::ExternalId && external_id.is_some() && external_id == self.external_id()
    }

    /// The identities by which the contact is looked for.
    fn sought(&self, keys: &[(IdentityKey, bool)]) -> Result<Vec<IdentityKey>> {
        let missing = |name: &str| {
            let message = format!("missing required field: {name}, by which the contact is looked for");
            Error::argument(format!("/{name}"), "required", message)
        };
        match self.match_on {
            MatchOn::ExternalId => match self.external_id() {
                Some(_) => Ok(Vec::new()),
                None => Err(missing("external_id")),
            },
            MatchOn::Email => Ok(vec![self.email_key()?.ok_or_else(|| missing("email"))?]),
            MatchOn::Phone => Ok(vec![self.phone_key()?.ok_or_else(|| missing("phone"))?]),
            MatchOn::Identity => {
                let own = [self.email_key()?, self.phone_key()?].into_iter().flatten();
                let all: Vec<IdentityKey> = own.chain(keys.iter().map(|(key, _)| key.clone())).collect();
                if all.is_empty() { Err(missing("identities")) } else { Ok(all) }
            }
        }
    }

    /// The one contact that has what is sent, if any has; an error if another one has a part of it, too.
    async fn one_of(
        &self,
        tx: &mut Tx<'_>,
        sought: &[IdentityKey],
        keys: &[(IdentityKey, bool)],
    ) -> Result<Option<Id>> {
        let space = tx.space();
        let named = match self.external_id() {
            Some(external_id) => store::by_external_id(tx, space, external_id).await?,
            None => None,
        };
        let (mut matches, mut owners) = (Vec::new(), Vec::from_iter(named));
        if self.match_on == MatchOn::ExternalId {
            matches.extend(named);
        }
        let own = [self.email_key()?, self.phone_key()?].into_iter().flatten();
        for key in own.chain(keys.iter().map(|(key, _)| key.clone())) {
            let Some(owner) = store::by_identity(tx, space, &key).await? else { continue };
            owners.push(owner);
            if sought.contains(&key) {
                matches.push(owner);
            }
        }
        owners.sort();
        owners.dedup();
        match (owners.as_slice(), matches.first()) {
            ([], _) => Ok(None),
            ([owner], Some(_)) => Ok(Some(*owner)),
            _ => {
                let ids: Vec<String> = owners.iter().map(Id::to_string).collect();
                let message = match matches.is_empty() {
                    true => "No contact matches, but another one has a part of what was sent.",
                    false => "What was sent belongs to different contacts; merge them, or send less.",
                };
                Err(Error::new(Code::MergeConflict, message).with("ids", ids))
            }
        }
    }
}
