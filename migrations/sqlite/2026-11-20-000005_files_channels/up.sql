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
