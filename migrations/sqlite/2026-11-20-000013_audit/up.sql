CREATE TABLE audit_entries_new (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    impersonator_id BLOB,
    api_key_id BLOB,
    ip TEXT,
    method TEXT NOT NULL,
    target_type TEXT NOT NULL,
    target_id BLOB NOT NULL,
    changes TEXT NOT NULL,
    request_id TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id BLOB NOT NULL,
    actor_name TEXT NOT NULL,
    result TEXT NOT NULL,
    is_test BOOLEAN NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;

INSERT INTO audit_entries_new
SELECT organization_id, id, at, impersonator_id, api_key_id, ip, method, target_type, target_id, '[]', request_id,
    actor ->> 'type', unhex(replace(actor ->> 'id', '-', '')), actor ->> 'name', method, FALSE
FROM audit_entries WHERE target_id IS NOT NULL;

DROP TABLE audit_entries;
ALTER TABLE audit_entries_new RENAME TO audit_entries;

CREATE INDEX audit_entries_actor ON audit_entries (organization_id, actor_id, id);
CREATE INDEX audit_entries_target ON audit_entries (organization_id, target_id, id);
