-- Events that were written and have no place in their feed yet, in the order of commits that depend on each other.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY NOT NULL,
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
    created_at INTEGER NOT NULL
);
INSERT INTO outbox (organization_id, id, type, object_type, object_id, data, previous, version, actor, request_id, is_test, created_at)
SELECT
    CASE WHEN is_test THEN unhex(substr(hex(organization_id), 1, 12) || '8' || substr(hex(organization_id), 14)) ELSE organization_id END,
    id, type, object_type, object_id, data, previous, version, actor, request_id, is_test, created_at
FROM events ORDER BY id;
DROP TABLE events;

-- The one row that is held by whoever gives events their places.
CREATE TABLE sequencer (id INTEGER PRIMARY KEY NOT NULL);
INSERT INTO sequencer VALUES (1);

-- How far the feed of each organization goes, and from where on it is kept.
CREATE TABLE feeds (
    organization_id BLOB NOT NULL PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    oldest_seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
    organization_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
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
    PRIMARY KEY (organization_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX events_id ON events (organization_id, id);
