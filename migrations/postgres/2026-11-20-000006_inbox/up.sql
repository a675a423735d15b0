-- In these tables organization_id is the space: the organization's own id, or its twin for what test keys see.

-- Numbers that count up without gaps being reused: the next conversation's number.
CREATE TABLE counters (
    organization_id uuid NOT NULL,
    name text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (organization_id, name)
);

CREATE TABLE conversations (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    external_id text,
    contact_id uuid NOT NULL,
    company_id uuid,
    channel_id uuid NOT NULL,
    channel_type text NOT NULL,
    source text NOT NULL,
    subject text,
    status text NOT NULL,
    snoozed_until timestamptz,
    assigned_to_user_id uuid,
    team_id uuid,
    handler text NOT NULL,
    control_epoch bigint NOT NULL,
    unread_count integer NOT NULL,
    message_count integer NOT NULL,
    is_spam boolean NOT NULL,
    priority text NOT NULL,
    tags jsonb NOT NULL,
    details jsonb NOT NULL,
    custom_fields jsonb NOT NULL,
    metadata jsonb NOT NULL,
    words jsonb NOT NULL,
    last_message_at timestamptz,
    waiting_since timestamptz,
    closed_at timestamptz,
    deleted_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX conversations_number ON conversations (organization_id, number);
CREATE UNIQUE INDEX conversations_external_id ON conversations (organization_id, external_id);
CREATE INDEX conversations_contact ON conversations (organization_id, contact_id, id);
CREATE INDEX conversations_company ON conversations (organization_id, company_id, id);
CREATE INDEX conversations_channel ON conversations (organization_id, channel_id, id);
CREATE INDEX conversations_status ON conversations (organization_id, status, id);
CREATE INDEX conversations_assignee ON conversations (organization_id, assigned_to_user_id, id);
CREATE INDEX conversations_team ON conversations (organization_id, team_id, id);
CREATE INDEX conversations_last_message ON conversations (organization_id, last_message_at, id);
-- Most conversations have been read; those that have not are what people look for.
CREATE INDEX conversations_unread ON conversations (organization_id, id) WHERE unread_count > 0;
CREATE INDEX conversations_deleted ON conversations (organization_id, deleted_at) WHERE deleted_at IS NOT NULL;

-- Who has to do with a conversation besides whom it is assigned to.
CREATE TABLE conversation_people (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    follows boolean NOT NULL,
    is_mentioned boolean NOT NULL,
    has_written boolean NOT NULL,
    PRIMARY KEY (organization_id, user_id, conversation_id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX conversation_people_conversation ON conversation_people (organization_id, conversation_id);

-- What happened to a conversation besides its messages.
CREATE TABLE conversation_events (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    type text NOT NULL,
    actor jsonb NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX conversation_events_conversation ON conversation_events (organization_id, conversation_id, id);

-- What a merge moved, so that it can be undone.
CREATE TABLE conversation_merges (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    destination_id uuid NOT NULL,
    sources jsonb NOT NULL,
    is_undone boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, destination_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX conversation_merges_destination ON conversation_merges (organization_id, destination_id);

CREATE TABLE messages (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    direction text NOT NULL,
    kind text NOT NULL,
    visibility text NOT NULL,
    status text NOT NULL,
    author jsonb NOT NULL,
    text text,
    html text,
    subject text,
    content jsonb,
    details jsonb NOT NULL,
    metadata jsonb NOT NULL,
    words jsonb NOT NULL,
    client_message_id text,
    external_message_id text,
    -- Who was asked to approve it, while that is open.
    approver_user_id uuid,
    approver_team_id uuid,
    scheduled_at timestamptz,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX messages_conversation ON messages (organization_id, conversation_id, id);
CREATE UNIQUE INDEX messages_client_message_id ON messages (organization_id, conversation_id, client_message_id);
CREATE INDEX messages_external_message_id ON messages (organization_id, external_message_id);
CREATE INDEX messages_pending ON messages (organization_id, id) WHERE status = 'pending_approval';
CREATE INDEX messages_drafts ON messages (organization_id, conversation_id, id) WHERE status = 'draft';

-- Which messages a merge moved, and from where.
CREATE TABLE conversation_merge_messages (
    organization_id uuid NOT NULL,
    merge_id uuid NOT NULL,
    message_id uuid NOT NULL,
    source_id uuid NOT NULL,
    PRIMARY KEY (organization_id, merge_id, message_id),
    FOREIGN KEY (organization_id, merge_id) REFERENCES conversation_merges (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, message_id) REFERENCES messages (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX conversation_merge_messages_message ON conversation_merge_messages (organization_id, message_id);

-- What is to happen at a given time: a message to be sent, a snoozed conversation to come back. Here organization_id is the
-- organization itself: whoever works for it must know it.
CREATE TABLE timers (
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    id uuid NOT NULL,
    is_test boolean NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, kind, id)
);
CREATE INDEX timers_due ON timers (due_at);

CREATE TABLE csat_surveys (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    channel text NOT NULL,
    user_id uuid,
    score integer,
    comment text,
    requested_at timestamptz NOT NULL,
    submitted_at timestamptz,
    expires_at timestamptz NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX csat_surveys_conversation ON csat_surveys (organization_id, conversation_id, id);

CREATE TABLE views (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    object text NOT NULL,
    query text NOT NULL,
    sort text,
    visibility text NOT NULL,
    team_id uuid,
    owner_user_id uuid,
    position integer NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX views_team ON views (organization_id, team_id);
