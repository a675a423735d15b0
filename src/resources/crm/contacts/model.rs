//! The contact, as it is stored and as callers see it.

use std::ops::{Deref, DerefMut};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::identity::{Identity, IdentityKey, IdentityType};
use super::parts::{Address, Consent, Unverified};
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Assign, Code, Object, Output, Tx};
use crate::query::search::Entry;
use crate::query::words;
use crate::schema::contacts;
use crate::text_enum;

text_enum! {
    /// What a contact is to the organization.
    pub enum ContactType {
        /// Came by, and nothing more is known.
        Visitor = "visitor",
        /// May become a customer.
        Lead = "lead",
        /// Is one.
        Customer = "customer",
        /// Works with the organization.
        Partner = "partner",
    }
}

impl Assign<ContactType> for ContactType {
    fn assign(self, target: &mut ContactType) {
        *target = self;
    }
}

/// The kind of the full-text index's entries for contacts.
pub const SEARCHED: &str = "contact";

/// What is stored of a contact in the table of contacts, but for what only queries need.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = contacts, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct ContactRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The contact's id.
    pub id: Id,
    /// The company the contact works for.
    pub company_id: Option<Id>,
    /// The whole name.
    pub name: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// The primary e-mail address.
    pub email: Option<String>,
    /// The primary telephone number, in international form.
    pub phone: Option<String>,
    /// The contact's position, such as CEO.
    pub title: Option<String>,
    /// The part the contact plays in a purchase, such as decision maker.
    pub role: Option<String>,
    /// What the contact is to the organization.
    #[diesel(column_name = type_)]
    #[serde(rename = "type")]
    pub kind: ContactType,
    /// The user who looks after the contact.
    pub user_id: Option<Id>,
    /// Whether this is the primary contact of the company; a company has one at the most.
    pub is_primary: bool,
    /// Whether the contact proved who they are.
    pub is_verified: bool,
    /// Whether messages of the contact are put aside unanswered.
    pub is_blocked: bool,
    /// The contact's id in another system.
    pub external_id: Option<String>,
    #[serde(flatten)]
    pub details: Json<ContactDetails>,
    /// What the contact said to being written to.
    pub consent: Json<Consent>,
    /// Words to find the contact by.
    pub tags: Json<Vec<String>>,
    /// Values of the fields that the organization defined.
    pub custom_fields: Json<Map<String, Value>>,
    /// Free data.
    pub metadata: Json<Map<String, Value>>,
    /// How many conversations there were.
    pub conversation_count: i32,
    /// How many of them are not closed.
    pub open_conversation_count: i32,
    /// When the contact last wrote or was written to.
    pub last_activity_at: Option<Timestamp>,
    /// When the contact was last there, in a chat or with a token of their own.
    pub last_seen_at: Option<Timestamp>,
    /// How often the contact was changed, from 1.
    pub version: i64,
    /// When the contact was created.
    pub created_at: Timestamp,
    /// When the contact was last changed.
    pub updated_at: Timestamp,
}

/// What of a contact no list is sorted by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ContactDetails {
    /// What is worth knowing.
    pub notes: Option<String>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// The contact's gender, in their own words.
    pub gender: Option<String>,
    /// The contact's language.
    pub language: Option<String>,
    /// The contact's time zone.
    pub timezone: Option<String>,
    /// The postal address.
    pub address: Address,
    /// Other ways to reach the contact.
    pub other_contact_details: Option<String>,
    /// What AI teammates are to know.
    pub ai_notes: Option<String>,
    /// What a visitor claims and nobody has checked.
    pub unverified: Unverified,
    /// Why the contact is blocked.
    pub blocked_reason: Option<String>,
    /// The contact that this one became part of.
    pub merged_into_id: Option<Id>,
}

/// A person outside the organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    #[serde(flatten)]
    pub row: ContactRow,
    /// What the contact is known by.
    pub identities: Vec<Identity>,
}

impl Deref for Contact {
    type Target = ContactRow;

    fn deref(&self) -> &ContactRow {
        &self.row
    }
}

impl DerefMut for Contact {
    fn deref_mut(&mut self) -> &mut ContactRow {
        &mut self.row
    }
}

impl Object for Contact {
    const TYPE: &'static str = "contact";
    const NOT_FOUND: Code = Code::ContactNotFound;

    fn id(&self) -> Id {
        self.row.id
    }

    fn version(&self) -> Option<i64> {
        Some(self.row.version)
    }
}

impl Output for Contact {
    fn etag(&self) -> Option<i64> {
        Some(self.row.version)
    }
}

impl Contact {
    /// A contact of whom nothing is known yet, who came to be at `at`.
    pub fn new(tx: &Tx<'_>, at: Timestamp) -> Self {
        let row = ContactRow {
            organization_id: tx.space(),
            id: tx.new_id_at(at),
            company_id: None,
            name: None,
            first_name: None,
            last_name: None,
            email: None,
            phone: None,
            title: None,
            role: None,
            kind: ContactType::Lead,
            user_id: None,
            is_primary: false,
            is_verified: false,
            is_blocked: false,
            external_id: None,
            details: Json::default(),
            consent: Json::default(),
            tags: Json::default(),
            custom_fields: Json::default(),
            metadata: Json::default(),
            conversation_count: 0,
            open_conversation_count: 0,
            last_activity_at: None,
            last_seen_at: None,
            version: 1,
            created_at: at,
            updated_at: at,
        };
        Self { row, identities: Vec::new() }
    }

    /// The primary identity of a type.
    pub fn primary(&self, kind: IdentityType) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.kind == kind && identity.is_primary)
    }

    /// The identity with this id.
    pub fn identity(&self, id: Id) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.id == id)
    }

    /// Gives the contact an identity, unless it is one of theirs already. The first of its type is the primary one, and so is one that
    /// `is_primary`; the others of the type are not.
    pub fn add_identity(&mut self, id: Id, key: &IdentityKey, is_primary: bool) {
        let id = match self.identities.iter().find(|identity| identity.is(key)) {
            Some(known) => known.id,
            None => {
                let (organization_id, contact_id) = (self.row.organization_id, self.row.id);
                let (kind, value) = (key.kind(), key.value().to_owned());
                let identity =
                    Identity { organization_id, id, contact_id, kind, value, is_primary: false, verified_at: None };
                self.identities.push(identity);
                id
            }
        };
        if is_primary || self.primary(key.kind()).is_none() {
            self.make_primary(id);
        }
    }

    /// Gives the contact an identity that was another one's; it stays the same identity.
    pub fn take_over(&mut self, identity: &Identity, is_primary: bool) {
        let mut identity = identity.clone();
        let (id, kind) = (identity.id, identity.kind);
        identity.contact_id = self.row.id;
        identity.is_primary = false;
        self.identities.push(identity);
        if is_primary || self.primary(kind).is_none() {
            self.make_primary(id);
        }
    }

    /// Takes an identity away. If it was the primary one, the oldest other of its type is from now on.
    pub fn remove_identity(&mut self, id: Id) {
        let Some(gone) = self.identity(id).cloned() else { return };
        self.identities.retain(|identity| identity.id != id);
        let heir = self.identities.iter().find(|identity| identity.kind == gone.kind).map(|identity| identity.id);
        if let Some(heir) = heir.filter(|_| gone.is_primary) {
            self.make_primary(heir);
        }
    }

    /// Makes an identity the primary one of its type.
    pub fn make_primary(&mut self, id: Id) {
        let Some(kind) = self.identity(id).map(|identity| identity.kind) else { return };
        for identity in self.identities.iter_mut().filter(|identity| identity.kind == kind) {
            identity.is_primary = identity.id == id;
        }
    }

    /// Sets the primary address, number or account of a type: the primary identity gets this value, unless another identity of the
    /// contact has it and becomes the primary one in its place. `None` takes the primary one away; others stay as they are.
    pub fn set_primary(&mut self, new_id: Id, kind: IdentityType, key: Option<&IdentityKey>) {
        let Some(key) = key else {
            self.identities.retain(|identity| identity.kind != kind || !identity.is_primary);
            return;
        };
        if self.identities.iter().any(|identity| identity.is(key)) {
            self.add_identity(new_id, key, true);
        } else if let Some(primary) = self.identities.iter_mut().find(|one| one.kind == kind && one.is_primary) {
            primary.value = key.value().to_owned();
            primary.verified_at = None;
        } else {
            self.add_identity(new_id, key, true);
        }
    }

    /// Makes what is copied from the identities what they say.
    pub fn settle(&mut self) {
        let value = |kind| self.primary(kind).map(|identity: &Identity| identity.value.clone());
        let (email, phone) = (value(IdentityType::Email), value(IdentityType::Phone));
        // In the order in which they are read.
        self.identities.sort_by_key(|identity| identity.id);
        self.row.email = email;
        self.row.phone = phone;
    }

    /// Whether there is anything to know the contact by.
    pub fn is_somebody(&self) -> bool {
        self.name.is_some() || self.external_id.is_some() || !self.identities.is_empty()
    }

    /// The name as namesakes share it.
    pub(super) fn name_key(&self) -> Option<String> {
        self.name.as_deref().map(words::fold).filter(|key| !key.is_empty())
    }

    /// What `search` finds the contact by.
    pub(super) fn entry(&self) -> Entry {
        let row = &self.row;
        let texts = [&row.name, &row.first_name, &row.last_name, &row.title].into_iter().flatten();
        let values = self.identities.iter().map(|identity| &identity.value);
        let all: Vec<&str> = texts.chain(values).map(String::as_str).collect();
        let words = words::fold(&all.join(" "));
        Entry { kind: SEARCHED, id: row.id, parent: None, is_private: false, words }
    }

    /// The words of the contact's text fields.
    pub(super) fn words(&self) -> Json<words::Words> {
        words::of([
            ("name", self.name.as_deref()),
            ("first_name", self.first_name.as_deref()),
            ("last_name", self.last_name.as_deref()),
            ("title", self.title.as_deref()),
            ("role", self.role.as_deref()),
            ("notes", self.details.notes.as_deref()),
        ])
    }
}
