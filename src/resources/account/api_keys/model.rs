//! The API key, as it is stored and as callers see it.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::access::user::Environment;
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Code, Object, Output, ScopeSet};
use crate::schema::api_keys;
use crate::text_enum;

text_enum! {
    /// Whether a key works.
    pub enum KeyStatus {
        /// It does.
        Active = "active",
        /// Its time is over; a later `expires_at` makes it work again.
        Expired = "expired",
        /// It was deleted, and never works again.
        Revoked = "revoked",
    }
}

/// What is stored of an API key; its secret is not.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = api_keys, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct ApiKeyRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The key's id.
    pub id: Id,
    /// What the key is for.
    pub name: String,
    /// Whether what the key does is real.
    pub environment: Environment,
    /// What the key may do.
    pub scopes: Json<ScopeSet>,
    /// The only methods the key may call; empty for all that its scopes allow.
    pub allowed_methods: Json<Vec<String>>,
    /// The only addresses the key may be used from; empty for all.
    pub ip_allowlist: Json<Vec<String>>,
    /// The user the key acts as; null when it acts for the organization itself, whoever comes and goes.
    pub act_as_user_id: Option<Id>,
    /// Calls a minute, where they differ from the server's setting.
    pub rate_limit_per_minute: Option<i32>,
    /// When the key ends; null for never.
    pub expires_at: Option<Timestamp>,
    /// How the secret begins, to tell keys apart.
    pub prefix: String,
    /// How the secret ends.
    pub last4: String,
    /// When the key was deleted.
    pub revoked_at: Option<Timestamp>,
    /// When the key was last used, to within a minute or so.
    pub last_used_at: Option<Timestamp>,
    /// Where it was last used from.
    pub last_used_ip: Option<String>,
    /// The user who created the key; null if another key did.
    pub created_by: Option<Id>,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key was last changed.
    pub updated_at: Timestamp,
}

/// A key that lets a program in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    #[serde(flatten)]
    pub row: ApiKeyRow,
    /// Whether the key works.
    pub status: KeyStatus,
}

impl ApiKey {
    /// The key as it stands at `now`.
    pub fn at(now: Timestamp, row: ApiKeyRow) -> Self {
        let status = match (row.revoked_at, row.expires_at) {
            (Some(_), _) => KeyStatus::Revoked,
            (None, Some(end)) if end <= now => KeyStatus::Expired,
            _ => KeyStatus::Active,
        };
        Self { row, status }
    }
}

impl Deref for ApiKey {
    type Target = ApiKeyRow;

    fn deref(&self) -> &ApiKeyRow {
        &self.row
    }
}

impl Object for ApiKey {
    const TYPE: &'static str = "api_key";
    const NOT_FOUND: Code = Code::ApiKeyNotFound;

    fn id(&self) -> Id {
        self.row.id
    }
}

impl Output for ApiKey {}

/// An API key together with its secret, which is shown this once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApiKeyWithSecret {
    #[serde(flatten)]
    pub key: ApiKey,
    /// The token to send with every call. It is not kept: who loses it rotates the key.
    pub secret: String,
}

impl Output for ApiKeyWithSecret {}
