//! What queries can ask of the audit.

use crate::query::table::{Field, Table, boolean, id, keyword, timestamp};

/// What queries can ask of the audit.
pub static FIELDS: Table = Table::of("audit_entry", "audit_entries", ENTRY);

static ENTRY: &[Field] = &[
    id("id", "id"),
    timestamp("at", "at").alias(&["created_at"]).sortable_by_id(),
    keyword("actor.type", "actor_type"),
    id("actor.id", "actor_id").of_users(),
    keyword("actor.name", "actor_name").by_default(),
    id("impersonator_id", "impersonator_id").of_users(),
    id("api_key_id", "api_key_id"),
    keyword("ip", "ip"),
    keyword("method", "method").by_default(),
    keyword("target.type", "target_type"),
    id("target.id", "target_id"),
    keyword("result", "result"),
    keyword("request_id", "request_id"),
    boolean("is_test", "is_test"),
];
