//! The user, as it is stored and as callers see it.

use std::ops::{Deref, DerefMut};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use crate::access::user::{UserKind, UserStatus};
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Assign, Code, Object, Output, Tx};
use crate::schema::users;
use crate::text_enum;

text_enum! {
    /// Whether a user can be reached.
    pub enum Availability {
        /// Ready for work.
        Online = "online",
        /// There, but not to be disturbed.
        Busy = "busy",
        /// Back later.
        Away = "away",
        /// Not there.
        Offline = "offline",
    }
}

impl Assign<Availability> for Availability {
    fn assign(self, target: &mut Availability) {
        *target = self;
    }
}

/// What is stored of a user.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = users, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct UserRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The user's id.
    pub id: Id,
    /// Whether this is a person or an AI teammate.
    pub kind: UserKind,
    /// What the user is called.
    pub name: String,
    /// The address that mail goes to, and that a person logs in with.
    pub email: Option<String>,
    /// A name to log in with, besides the address.
    pub username: Option<String>,
    /// What the user may do.
    pub role_id: Id,
    /// Whether the user may log in.
    pub status: UserStatus,
    /// Whether the user can be reached.
    pub availability: Availability,
    /// Why the user is away.
    pub away_reason: Option<String>,
    /// When the user will be online again, if that is known.
    pub available_again_at: Option<Timestamp>,
    /// Whether work may be assigned to the user.
    pub is_assignable: bool,
    /// How many open conversations the user takes at once; null for no limit.
    pub max_open_conversations: Option<i32>,
    /// What the user is good at.
    pub skills: Json<Vec<String>>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// The user's position.
    pub job_title: Option<String>,
    /// A telephone number, in international form.
    pub phone: Option<String>,
    /// The user's language.
    pub language: Option<String>,
    /// The user's time zone.
    pub timezone: Option<String>,
    /// What the user's mails end with, by language.
    pub signatures: Json<Vec<Signature>>,
    /// The user's id in another system, or at the OpenID issuer they log in with.
    pub external_id: Option<String>,
    /// Free data.
    pub metadata: Json<Map<String, Value>>,
    /// When the user first logged in.
    pub first_seen_at: Option<Timestamp>,
    /// When the user was last seen.
    pub last_seen_at: Option<Timestamp>,
    /// How often the user was changed, from 1.
    pub version: i64,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
}

impl UserRow {
    /// A person who can log in by this address, and of whom nothing else is known yet.
    pub fn person(tx: &Tx<'_>, name: &str, email: &str, role_id: Id, status: UserStatus) -> Self {
        Self {
            organization_id: tx.organization(),
            id: tx.new_id(),
            kind: UserKind::Human,
            name: name.to_owned(),
            email: Some(email.to_owned()),
            username: None,
            role_id,
            status,
            availability: Availability::Offline,
            away_reason: None,
            available_again_at: None,
            is_assignable: true,
            max_open_conversations: None,
            skills: Json::default(),
            avatar_url: None,
            job_title: None,
            phone: None,
            language: None,
            timezone: None,
            signatures: Json::default(),
            external_id: None,
            metadata: Json::default(),
            first_seen_at: None,
            last_seen_at: None,
            version: 1,
            created_at: tx.now(),
            updated_at: tx.now(),
        }
    }
}

/// A person or an AI teammate of the organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    #[serde(flatten)]
    pub row: UserRow,
    /// The teams the user is a member of.
    pub team_ids: Vec<Id>,
}

impl From<UserRow> for User {
    /// A user who is in no team.
    fn from(row: UserRow) -> Self {
        Self { row, team_ids: Vec::new() }
    }
}

impl Deref for User {
    type Target = UserRow;

    fn deref(&self) -> &UserRow {
        &self.row
    }
}

impl DerefMut for User {
    fn deref_mut(&mut self) -> &mut UserRow {
        &mut self.row
    }
}

impl Object for User {
    const TYPE: &'static str = "user";
    const NOT_FOUND: Code = Code::UserNotFound;

    fn id(&self) -> Id {
        self.row.id
    }

    fn version(&self) -> Option<i64> {
        Some(self.row.version)
    }
}

impl Output for User {
    fn etag(&self) -> Option<i64> {
        Some(self.row.version)
    }
}

/// What a user's mails end with, in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// The language.
    pub language: String,
    /// The signature for HTML mail.
    pub html: Option<String>,
    /// The signature for plain mail.
    pub text: Option<String>,
}

impl Output for Signature {}
