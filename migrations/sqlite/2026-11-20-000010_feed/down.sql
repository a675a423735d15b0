CREATE TABLE events_before (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id BLOB NOT NULL,
    data TEXT NOT NULL,
    previous TEXT,
    version INTEGER,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    is_test BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
INSERT INTO events_before
SELECT
    CASE WHEN is_test THEN unhex(substr(hex(organization_id), 1, 12) || '7' || substr(hex(organization_id), 14)) ELSE organization_id END,
    id, type, object_type, object_id, data, previous, version, actor, request_id, is_test, created_at
FROM (
    SELECT organization_id, id, type, object_type, object_id, data, previous, version, actor, request_id, is_test, created_at FROM events
    UNION ALL
    SELECT organization_id, id, type, object_type, object_id, data, previous, version, actor, request_id, is_test, created_at FROM outbox
);
DROP TABLE events;
DROP TABLE feeds;
DROP TABLE sequencer;
DROP TABLE outbox;
ALTER TABLE events_before RENAME TO events;
