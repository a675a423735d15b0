//! Who is calling.

use std::sync::Arc;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scope::ScopeSet;
use crate::db::{Id, Timestamp};
use crate::text_enum;

text_enum! {
    /// What kind of actor did something.
    pub enum ActorType {
        /// A person or an AI teammate of the organization.
        User = "user",
        /// An API key that acts for the organization itself.
        ApiKey = "api_key",
        /// A person outside the organization.
        Contact = "contact",
        /// The server.
        System = "system",
    }
}

/// Who did something, as events and audit entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// What kind of actor.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// The user, key or contact.
    pub id: Id,
    /// The name at that time.
    pub name: String,
}

/// What the caller showed to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API key.
    ApiKey(KeyLimits),
    /// An access token of a session of this server.
    Session {
        /// Who really acts, when one user acts as another.
        impersonator: Option<Id>,
    },
    /// A token of an outside OpenID issuer.
    External,
    /// A token of a contact, who is nobody of the organization.
    Contact,
    /// No one from outside: the server itself, at set-up.
    Internal,
}

/// What an API key may do besides its scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// The only methods it may call; empty for all within its scopes.
    pub allowed_methods: Vec<String>,
    /// The only addresses it may be used from; empty for all.
    pub ip_allowlist: Vec<IpNet>,
    /// Calls a minute, where they differ from the server's setting.
    pub rate_limit_per_minute: Option<u32>,
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organization; every query starts with it.
    pub organization: Id,
    /// Its name.
    pub organization_name: Arc<str>,
    /// Who acts.
    pub actor: Actor,
    /// The user, where the actor is one: humans, AI teammates, and keys that act as a user.
    pub user: Option<Id>,
    /// The contact, where the actor is one: someone from outside, who may call a few methods about their own things.
    pub contact: Option<Id>,
    /// What they may do.
    pub scopes: ScopeSet,
    /// The key or session, for revocation and rate limits.
    pub credential_id: Id,
    /// What they showed.
    pub credential: Credential,
    /// When the credential ends.
    pub expires_at: Option<Timestamp>,
    /// Whether this is a test-mode key: what it does is marked as a test.
    pub is_test: bool,
}

impl Caller {
    /// Where the caller's conversations, contacts and the like are: in the organization's own space, or, for test keys, in a
    /// second one beside it. Spaces are told apart by key, so nothing of one is ever seen or changed from the other.
    pub fn space(&self) -> Id {
        if self.is_test { self.organization.twin() } else { self.organization }
    }

    /// Whether the caller holds every scope, as owners do.
    pub fn is_owner(&self) -> bool {
        self.scopes == ScopeSet::ALL
    }
}
