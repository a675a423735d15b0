//! What the API says about itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::db::{Id, Timestamp};
use crate::method::{Code, Described, Kind, Output, Rate, ScopeSet};

/// A list that always fits one page.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Catalogue")]
pub struct Catalogue<T> {
    /// The items.
    pub data: Vec<T>,
    /// Always null: there is no next page.
    pub next_cursor: Option<String>,
}

impl<T> From<Vec<T>> for Catalogue<T> {
    fn from(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }
}

impl<T: Serialize + serde::de::DeserializeOwned + Send + 'static> Output for Catalogue<T> {
    fn next_cursor(&self) -> Option<&str> {
        Some("")
    }
}

/// A method, as a client or a generator needs to know it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MethodInfo {
    /// The name: call it with `POST /<name>`.
    pub name: String,
    /// What it does, in one line.
    pub summary: String,
    /// What it does, at length.
    pub description: String,
    /// Whether it reads, writes or deletes.
    pub kind: Kind,
    /// The scopes that a token needs; empty if any token, or none, will do.
    pub scopes: Vec<String>,
    /// Whether it is called without a token.
    pub public: bool,
    /// Whether a contact may call it with a token of their own, about their own things.
    pub for_contacts: bool,
    /// The rate limit that it counts against.
    pub rate: Rate,
    /// The JSON Schema of the arguments.
    pub args: Value,
    /// The JSON Schema of the result; null if there is none.
    pub result: Value,
    /// Error codes that it may answer beyond those of every method.
    pub errors: Vec<String>,
    /// Events that it causes.
    pub events: Vec<String>,
    /// Requests that work; ids are examples.
    pub examples: Vec<Value>,
    /// When it stops, and what to call in its place; null if it stays.
    pub deprecated: Option<DeprecationInfo>,
}

/// A method on its way out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeprecationInfo {
    /// When it stops.
    pub sunset_at: Timestamp,
    /// What to call in its place.
    pub successor: String,
}

impl MethodInfo {
    /// What a row of the registry says.
    pub fn of(method: &Described) -> Self {
        let entry = &method.entry;
        Self {
            name: entry.name.into(),
            summary: method.summary().into(),
            description: method.description().into(),
            kind: entry.kind,
            scopes: match entry.access {
                crate::method::Access::Scope(scope) => vec![scope.to_string()],
                _ => Vec::new(),
            },
            public: entry.access == crate::method::Access::Public,
            for_contacts: entry.for_contacts,
            rate: entry.rate,
            args: method.arguments().clone(),
            result: if entry.is_void { Value::Null } else { method.result().clone() },
            errors: entry.errors.iter().map(|code| code.as_str().into()).collect(),
            events: entry.events.iter().map(|event| (*event).into()).collect(),
            examples: serde_json::from_str(entry.example).into_iter().collect(),
            deprecated: entry.deprecated.map(|deprecation| DeprecationInfo {
                sunset_at: Timestamp::from_millis(deprecation.sunset * 1000),
                successor: deprecation.successor.into(),
            }),
        }
    }
}

/// An error code and what it means.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorInfo {
    /// The code, in `error.code`.
    pub code: String,
    /// The type, in `error.type`: the closed list to switch on.
    #[serde(rename = "type")]
    pub error_type: String,
    /// The HTTP status.
    pub status: u16,
    /// What it means and what to do.
    pub meaning: String,
}

impl From<&Code> for ErrorInfo {
    fn from(code: &Code) -> Self {
        Self {
            code: code.as_str().into(),
            error_type: code.error_type().as_str().into(),
            status: code.status(),
            meaning: code.meaning().into(),
        }
    }
}

/// Whether the server is well.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// What was looked at, and how it is.
    pub checks: Checks,
}

impl Output for Health {}

/// What the health check looks at.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Checks {
    /// The database: `ok`.
    pub database: String,
}

/// What this server is and what its limits are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// `dotdesk`.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// The version of the contract, a date.
    pub api_version: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// How many methods there are.
    pub method_count: usize,
    /// The limits that hold for every call.
    pub limits: ServerLimits,
}

impl Output for ServerInfo {}

/// Limits that hold for every call.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServerLimits {
    /// The most bytes of a body, unless the method says otherwise.
    pub body_bytes: usize,
    /// The most levels of objects and lists in a body.
    pub body_depth: usize,
    /// The most objects on a page.
    pub page_size: i64,
    /// For how many seconds an idempotency key is remembered.
    pub idempotency_seconds: i64,
}

/// What was sent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Echo {
    /// The arguments, as they came.
    pub args: Map<String, Value>,
}

impl Output for Echo {
    fn rehearsed_error(&self) -> Option<&str> {
        self.args.get("error").and_then(Value::as_str).filter(|error| !error.is_empty())
    }
}

/// Who the token belongs to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The address of this server.
    pub url: String,
    /// The organization's name.
    pub team: String,
    /// The user's name; for a key that acts for the organization, the key's.
    pub user: String,
    /// The organization's id.
    pub team_id: Id,
    /// The user's id; for a key that acts for the organization, the key's.
    pub user_id: Id,
    /// The key's id, if the caller is a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<Id>,
    /// What the token may do.
    pub scopes: ScopeSet,
    /// When the token ends; null if it does not.
    pub token_expires_at: Option<Timestamp>,
}

impl Output for Identity {}
