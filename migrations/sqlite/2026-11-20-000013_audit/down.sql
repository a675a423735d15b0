CREATE TABLE audit_entries_old (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    impersonator_id BLOB,
    api_key_id BLOB,
    ip TEXT,
    method TEXT NOT NULL,
    target_type TEXT,
    target_id BLOB,
    changes TEXT NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;

INSERT INTO audit_entries_old
SELECT organization_id, id, at,
    json_object('type', actor_type, 'id', lower(
        substr(hex(actor_id), 1, 8) || '-' || substr(hex(actor_id), 9, 4) || '-' || substr(hex(actor_id), 13, 4) || '-'
        || substr(hex(actor_id), 17, 4) || '-' || substr(hex(actor_id), 21)), 'name', actor_name),
    impersonator_id, api_key_id, ip, method, target_type, target_id, '{}', request_id
FROM audit_entries;

DROP TABLE audit_entries;
ALTER TABLE audit_entries_old RENAME TO audit_entries;
