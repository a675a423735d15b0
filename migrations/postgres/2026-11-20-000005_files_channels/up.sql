CREATE TABLE channels (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    source_channel_id text,
    name text NOT NULL,
    is_active boolean NOT NULL,
    default_for text,
    default_team_id uuid,
    allowed_file_types jsonb NOT NULL,
    image_url text,
    public_token text NOT NULL,
    metadata jsonb NOT NULL,
    deleted_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
-- Of two calls that need the default channel of a type at the same moment, only one can add it.
CREATE UNIQUE INDEX channels_default_for ON channels (organization_id, default_for);
-- What is deleted keeps its row, for the conversations that were held on it, but not its place.
CREATE UNIQUE INDEX channels_source_channel ON channels (organization_id, source, source_channel_id) WHERE deleted_at IS NULL;
CREATE INDEX channels_default_team ON channels (organization_id, default_team_id);

CREATE TABLE files (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    content_type text NOT NULL,
    size bigint NOT NULL,
    received_size bigint NOT NULL,
    sha256 text,
    status text NOT NULL,
    token text NOT NULL,
    expires_at timestamptz,
    scan jsonb NOT NULL,
    contact_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
-- Uploads that nobody goes on with are found by it.
CREATE INDEX files_status ON files (status, updated_at);

-- Finds a file by its public token, before anything else is known.
CREATE TABLE file_tokens (
    token text NOT NULL,
    organization_id uuid NOT NULL,
    file_id uuid NOT NULL,
    PRIMARY KEY (token),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX file_tokens_file ON file_tokens (organization_id, file_id);

-- What files belong to: a message has its attachments in the order of their positions.
CREATE TABLE file_links (
    organization_id uuid NOT NULL,
    object_type text NOT NULL,
    object_id uuid NOT NULL,
    file_id uuid NOT NULL,
    position integer NOT NULL,
    PRIMARY KEY (organization_id, object_type, object_id, file_id),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id)
);
CREATE INDEX file_links_file ON file_links (organization_id, file_id);

-- What has arrived of an upload.
CREATE TABLE file_chunks (
    organization_id uuid NOT NULL,
    file_id uuid NOT NULL,
    start bigint NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    key text NOT NULL,
    PRIMARY KEY (organization_id, file_id, start),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id)
);

-- Equal bytes are stored once: how many files have them, and under which key the store has them. A key is never used again.
CREATE TABLE blobs (
    organization_id uuid NOT NULL,
    sha256 text NOT NULL,
    key text NOT NULL,
    size bigint NOT NULL,
    use_count bigint NOT NULL,
    PRIMARY KEY (organization_id, sha256)
);

-- What the store has and nothing uses: bytes that are just being stored and not used yet, and bytes that are used no more. Who
-- claims a row takes the bytes away; what is used is taken out of here before, in the same transaction.
CREATE TABLE unused_blobs (
    organization_id uuid NOT NULL,
    key text NOT NULL,
    due_at timestamptz NOT NULL,
    is_claimed boolean NOT NULL,
    PRIMARY KEY (organization_id, key)
);
CREATE INDEX unused_blobs_due ON unused_blobs (due_at);
