//! The audit: what every write leaves behind about who changed which object, and from what to what.

use crate::db::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::caller::{ActorType, Credential};
use super::error::Result;
use super::tx::Tx;
use crate::db::{Id, Timestamp};
use crate::run;
use crate::schema::{audit_entries, custom_fields};

/// What stands in the audit for a value that is kept out of it.
const HIDDEN: &str = "[hidden]";
/// The most bytes of a value that the audit keeps.
const MOST_BYTES: usize = 4096;
/// Where the values of an organization's own fields are in objects.
const CUSTOM_FIELDS: &str = "custom_fields";

/// A field that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// The field; a value in a document has a path, such as `metadata.plan`.
    pub field: String,
    /// The value before; null if there was none. `[hidden]` stands for a sensitive one, `[5000 bytes]` for a long one.
    pub from: Value,
    /// The value after; null if there is none.
    pub to: Value,
}

/// What happened to one object in a transaction.
pub(super) struct Happened {
    pub event: &'static str,
    pub object_type: &'static str,
    pub object_id: Id,
    pub changes: Vec<FieldChange>,
}

/// What is stored of it.
#[derive(Insertable)]
#[diesel(table_name = audit_entries)]
pub(super) struct NewEntry {
    organization_id: Id,
    id: Id,
    at: Timestamp,
    actor_type: ActorType,
    actor_id: Id,
    actor_name: String,
    impersonator_id: Option<Id>,
    api_key_id: Option<Id>,
    ip: Option<String>,
    method: &'static str,
    target_type: &'static str,
    target_id: Id,
    changes: String,
    result: &'static str,
    request_id: String,
    is_test: bool,
}

/// The entries for what happened in a transaction: one for each object.
pub(super) async fn entries(tx: &mut Tx<'_>, happened: Vec<Happened>) -> Result<Vec<NewEntry>> {
    let mut entries = Vec::with_capacity(happened.len());
    for mut one in happened {
        hide(tx, &mut one).await?;
        entries.push(entry(tx, one)?);
    }
    Ok(entries)
}

fn entry(tx: &Tx<'_>, happened: Happened) -> Result<NewEntry> {
    let caller = tx.ctx().caller()?;
    let id = tx.new_id();
    Ok(NewEntry {
        // What is done with a test key may be done to the account, so it is in the one audit of the account, and marked.
        organization_id: caller.organization,
        id,
        // Entries are found by time through their ids.
        at: id.created_at(),
        actor_type: caller.actor.kind,
        actor_id: caller.actor.id,
        actor_name: caller.actor.name.clone(),
        impersonator_id: match caller.credential {
            Credential::Session { impersonator } => impersonator,
            _ => None,
        },
        api_key_id: matches!(caller.credential, Credential::ApiKey(_)).then_some(caller.credential_id),
        ip: tx.ctx().request().ip.map(|ip| ip.to_string()),
        method: tx.ctx().method(),
        target_type: happened.object_type,
        target_id: happened.object_id,
        changes: serde_json::to_string(&happened.changes)?,
        result: happened.event,
        request_id: tx.ctx().request().id.clone(),
        is_test: caller.is_test,
    })
}

/// Keeps the values of sensitive custom fields out.
async fn hide(tx: &mut Tx<'_>, happened: &mut Happened) -> Result<()> {
    let own = |change: &FieldChange| change.field.split_once('.').is_some_and(|(field, _)| field == CUSTOM_FIELDS);
    if !happened.changes.iter().any(own) {
        return Ok(());
    }
    let (space, object) = (tx.space(), happened.object_type);
    let sensitive: Vec<String> = run!(tx, |c| custom_fields::table
        .filter(custom_fields::organization_id.eq(space).and(custom_fields::object.eq(object)))
        .filter(custom_fields::is_sensitive)
        .select(custom_fields::name)
        .load(c))?;
    for change in happened.changes.iter_mut().filter(|change| own(change)) {
        let is_sensitive = change.field.split_once('.').is_some_and(|(_, name)| sensitive.iter().any(|it| it == name));
        for value in [&mut change.from, &mut change.to] {
            if is_sensitive && !value.is_null() {
                *value = HIDDEN.into();
            }
        }
    }
    Ok(())
}

/// The fields in which two states of an object differ; what every change touches is left out.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let (Value::Object(before), Value::Object(after)) = (old, new) else { return changes };
    for (name, from) in before.iter().filter(|(name, _)| !matches!(name.as_str(), "version" | "updated_at")) {
        let to = after.get(name).unwrap_or(&Value::Null);
        match (from, to) {
            _ if from == to => {}
            (Value::Object(from), Value::Object(to)) => {
                let added = to.keys().filter(|key| !from.contains_key(*key));
                for key in from.keys().chain(added) {
                    let (from, to) = (from.get(key).unwrap_or(&Value::Null), to.get(key).unwrap_or(&Value::Null));
                    if from != to {
                        changes.push(change(format!("{name}.{key}"), from, to));
                    }
                }
            }
            _ => changes.push(change(name.clone(), from, to)),
        }
    }
    changes
}

fn change(field: String, from: &Value, to: &Value) -> FieldChange {
    FieldChange { field, from: kept(from), to: kept(to) }
}

/// The value, or how long it is: the audit tells what was done, it is no store of texts.
fn kept(value: &Value) -> Value {
    let length = match value {
        Value::String(text) => text.len(),
        Value::Array(_) | Value::Object(_) => value.to_string().len(),
        _ => 0,
    };
    if length > MOST_BYTES { format!("[{length} bytes]").into() } else { value.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_told_field_by_field_and_documents_key_by_key() {
        let long = "x".repeat(5000);
        let old = json!({ "id": 1, "name": "A", "tags": ["a"], "metadata": { "a": 1, "b": 2 }, "text": long, "version": 1, "updated_at": 1, "address": null });
        let new = json!({ "id": 1, "name": "B", "tags": [], "metadata": { "b": 3, "c": { "d": 4 } }, "text": "y", "version": 2, "updated_at": 2, "address": { "city": "Oslo" } });
        let told: Vec<Value> =
            changes(&old, &new).iter().map(|change| json!([change.field, change.from, change.to])).collect();
        let expected = json!([
            ["name", "A", "B"],
            ["tags", ["a"], []],
            ["metadata.a", 1, null],
            ["metadata.b", 2, 3],
            ["metadata.c", null, { "d": 4 }],
            ["text", "[5000 bytes]", "y"],
            ["address", null, { "city": "Oslo" }],
        ]);
        assert_eq!(Value::Array(told), expected);
        assert!(changes(&old, &old).is_empty());
    }
}
