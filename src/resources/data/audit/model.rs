//! Entries of the audit, as they are stored and as callers see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{Actor, ActorType, FieldChange, Result};
use crate::object;
use crate::schema::audit_entries;

/// What was done to one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// The entry.
    pub id: Id,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// Who really did it, if somebody acted as another user.
    pub impersonator_id: Option<Id>,
    /// The API key it was done with.
    pub api_key_id: Option<Id>,
    /// The address it was done from.
    pub ip: Option<String>,
    /// The method that was called.
    pub method: String,
    /// The object it was done to.
    pub target: Target,
    /// What changed; empty for what was created or deleted. Sensitive values are hidden.
    pub changes: Vec<FieldChange>,
    /// What became of the object, as the type of its event: `team.updated`.
    pub result: String,
    /// The request.
    pub request_id: String,
    /// Whether it was done with a test key.
    pub is_test: bool,
}

object!(AuditEntry, "audit_entry", AuditEntryNotFound);

/// An object that something was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// What it is, such as `team`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object; it may be gone by now.
    pub id: Id,
}

/// An entry as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
pub struct EntryRow {
    id: Id,
    at: Timestamp,
    actor_type: ActorType,
    actor_id: Id,
    actor_name: String,
    impersonator_id: Option<Id>,
    api_key_id: Option<Id>,
    ip: Option<String>,
    method: String,
    target_type: String,
    target_id: Id,
    changes: String,
    result: String,
    request_id: String,
    is_test: bool,
}

impl EntryRow {
    /// As callers see it.
    pub fn shown(self) -> Result<AuditEntry> {
        Ok(AuditEntry {
            id: self.id,
            at: self.at,
            actor: Actor { kind: self.actor_type, id: self.actor_id, name: self.actor_name },
            impersonator_id: self.impersonator_id,
            api_key_id: self.api_key_id,
            ip: self.ip,
            method: self.method,
            target: Target { kind: self.target_type, id: self.target_id },
            changes: serde_json::from_str(&self.changes)?,
            result: self.result,
            request_id: self.request_id,
            is_test: self.is_test,
        })
    }
}
