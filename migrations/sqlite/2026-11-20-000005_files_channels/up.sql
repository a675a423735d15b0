CREATE TABLE channels (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    source_channel_id TEXT,
    name TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    default_for TEXT,
    default_team_id BLOB,
    allowed_file_types TEXT NOT NULL,
    image_url TEXT,
    public_token TEXT NOT NULL,
    metadata TEXT NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
-- Of two calls that need the default channel of a type at the same moment, only one can add it.
CREATE UNIQUE INDEX channels_default_for ON channels (organization_id, default_for);
-- What is deleted keeps its row, for the conversations that were held on it, but not its place.
CREATE UNIQUE INDEX channels_source_channel ON channels (organization_id, source, source_channel_id) WHERE deleted_at IS NULL;
CREATE INDEX channels_default_team ON channels (organization_id, default_team_id);

CREATE TABLE files (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    received_size INTEGER NOT NULL,
    sha256 TEXT,
    status TEXT NOT NULL,
    token TEXT NOT NULL,
    expires_at INTEGER,
    scan TEXT NOT NULL,
    contact_id BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
-- Uploads that nobody goes on with are found by it.
CREATE INDEX files_status ON files (status, updated_at);

-- Finds a file by its public token, before anything else is known.
CREATE TABLE file_tokens (
    token TEXT NOT NULL,
    organization_id BLOB NOT NULL,
    file_id BLOB NOT NULL,
    PRIMARY KEY (token),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX file_tokens_file ON file_tokens (organization_id, file_id);

-- What files belong to: a message has its attachments in the order of their positions.
CREATE TABLE file_links (
    organization_id BLOB NOT NULL,
    object_type TEXT NOT NULL,
    object_id BLOB NOT NULL,
    file_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (organization_id, object_type, object_id, file_id),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX file_links_file ON file_links (organization_id, file_id);

-- What has arrived of an upload.
CREATE TABLE file_chunks (
    organization_id BLOB NOT NULL,
    file_id BLOB NOT NULL,
    start INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (organization_id, file_id, start),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id)
) WITHOUT ROWID;

-- Equal bytes are stored once: how many files have them, and under which key the store has them. A key is never used again.
CREATE TABLE blobs (
    organization_id BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    key TEXT NOT NULL,
    size INTEGER NOT NULL,
    use_count INTEGER NOT NULL,
    PRIMARY KEY (organization_id, sha256)
) WITHOUT ROWID;

-- What the store has and nothing uses: bytes that are just being stored and not used yet, and bytes that are used no more. Who
-- claims a row takes the bytes away; what is used is taken out of here before, in the same transaction.
CREATE TABLE unused_blobs (
    organization_id BLOB NOT NULL,
    key TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    is_claimed BOOLEAN NOT NULL,
    PRIMARY KEY (organization_id, key)
) WITHOUT ROWID;
CREATE INDEX unused_blobs_due ON unused_blobs (due_at);
