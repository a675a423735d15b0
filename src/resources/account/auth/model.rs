//! The session, as it is stored and as callers see it, and what the methods of this folder answer.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{Code, Object, Output, ScopeSet};
use crate::resources::account::api_keys::ApiKey;
use crate::resources::account::organizations::Organization;
use crate::resources::account::roles::Role;
use crate::resources::account::teams::Team;
use crate::resources::account::users::User;
use crate::schema::sessions;

/// What is stored of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    /// The session's id.
    pub id: Id,
    /// The user who is logged in.
    pub user_id: Id,
    /// Where the session was opened from.
    pub ip: Option<String>,
    /// What the client that opened it calls itself.
    pub user_agent: Option<String>,
    /// The user who really acts, when one acts as another.
    pub impersonator_id: Option<Id>,
    /// Why.
    pub impersonation_reason: Option<String>,
    /// When the session was opened.
    pub created_at: Timestamp,
    /// When it was last prolonged.
    pub last_used_at: Timestamp,
    /// When it ends, unless it is prolonged again.
    pub expires_at: Timestamp,
    #[serde(skip)]
    pub revoked_at: Option<Timestamp>,
    #[serde(skip)]
    pub refresh_digest: Option<Vec<u8>>,
}

/// A user who is logged in, from one client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    #[serde(flatten)]
    pub row: SessionRow,
    /// Whether it is the session that this call was made in.
    pub is_current: bool,
}

impl Session {
    /// The session as it looks from the session `current`.
    pub fn seen_from(current: Id, row: SessionRow) -> Self {
        Self { is_current: row.id == current, row }
    }
}

impl Deref for Session {
    type Target = SessionRow;

    fn deref(&self) -> &SessionRow {
        &self.row
    }
}

impl Object for Session {
    const TYPE: &'static str = "session";
    const NOT_FOUND: Code = Code::SessionNotFound;

    fn id(&self) -> Id {
        self.row.id
    }
}

/// The tokens of a session, and whose it is.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct LoggedIn {
    /// Send it with every call: `Authorization: Bearer <access_token>`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// How long the access token lasts, in seconds.
    pub expires_in: i64,
    /// Gets the next access token from `auth.refresh`; good for one use.
    pub refresh_token: String,
    /// The user.
    pub user: User,
}

impl Output for LoggedIn {}

/// A token to act as somebody else.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Impersonation {
    /// Send it with every call: `Authorization: Bearer <access_token>`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// How long it lasts, in seconds; it cannot be prolonged.
    pub expires_in: i64,
}

impl Output for Impersonation {}

/// Who calls.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The user; null for a key that acts for the organization itself.
    pub user: Option<User>,
    /// The organization.
    pub organization: Organization,
    /// The user's role.
    pub role: Option<Role>,
    /// What the caller may do: by role and teams, and for a key no more than its own scopes.
    pub scopes: ScopeSet,
    /// The teams the user is a member of.
    pub teams: Vec<Team>,
    /// The key that the call was made with, if it was one.
    pub key: Option<ApiKey>,
}

impl Output for Me {}
