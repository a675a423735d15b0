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
