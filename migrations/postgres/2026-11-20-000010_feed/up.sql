-- Events that were written and have no place in their feed yet, in the order of commits that depend on each other.
CREATE TABLE outbox (
    position bigserial PRIMARY KEY,
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    object_type text NOT NULL,
    object_id uuid NOT NULL,
    data text NOT NULL,
    previous text,
    version bigint,
    actor text NOT NULL,
    request_id text NOT NULL,
    is_test boolean NOT NULL,
    created_at timestamptz NOT NULL
);
INSERT INTO outbox (organization_id, id, type, object_type, object_id, data, previous, version, actor, request_id, is_test, created_at)
SELECT
    CASE WHEN is_test THEN overlay(organization_id::text PLACING '8' FROM 15 FOR 1)::uuid ELSE organization_id END,
    id, type, object_type, object_id, data, previous, version, actor, request_id, is_test, created_at
FROM events ORDER BY id;
DROP TABLE events;

-- The one row that is held by whoever gives events their places.
CREATE TABLE sequencer (id integer PRIMARY KEY);
INSERT INTO sequencer VALUES (1);

-- How far the feed of each organization goes, and from where on it is kept.
CREATE TABLE feeds (
    organization_id uuid NOT NULL PRIMARY KEY,
    last_seq bigint NOT NULL,
    oldest_seq bigint NOT NULL
);

CREATE TABLE events (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    object_type text NOT NULL,
    object_id uuid NOT NULL,
    data text NOT NULL,
    previous text,
    version bigint,
    actor text NOT NULL,
    request_id text NOT NULL,
    is_test boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, seq)
);
CREATE UNIQUE INDEX events_id ON events (organization_id, id);
