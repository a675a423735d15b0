-- In these tables organization_id is the space: the organization's own id, or its twin for what test keys see.

-- Numbers that count up without gaps being reused: the next conversation's number.
CREATE TABLE counters (
    organization_id BLOB NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (organization_id, name)
) WITHOUT ROWID;

CREATE TABLE conversations (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    number INTEGER NOT NULL,
    external_id TEXT,
    contact_id BLOB NOT NULL,
    company_id BLOB,
    channel_id BLOB NOT NULL,
    channel_type TEXT NOT NULL,
    source TEXT NOT NULL,
    subject TEXT,
    status TEXT NOT NULL,
    snoozed_until INTEGER,
    assigned_to_user_id BLOB,
    team_id BLOB,
    handler TEXT NOT NULL,
    control_epoch INTEGER NOT NULL,
    unread_count INTEGER NOT NULL,
    message_count INTEGER NOT NULL,
    is_spam BOOLEAN NOT NULL,
    priority TEXT NOT NULL,
    tags TEXT NOT NULL,
    details TEXT NOT NULL,
    custom_fields TEXT NOT NULL,
    metadata TEXT NOT NULL,
    words TEXT NOT NULL,
    last_message_at INTEGER,
    waiting_since INTEGER,
    closed_at INTEGER,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
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
    organization_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    follows BOOLEAN NOT NULL,
    is_mentioned BOOLEAN NOT NULL,
    has_written BOOLEAN NOT NULL,
    PRIMARY KEY (organization_id, user_id, conversation_id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX conversation_people_conversation ON conversation_people (organization_id, conversation_id);

-- What happened to a conversation besides its messages.
CREATE TABLE conversation_events (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX conversation_events_conversation ON conversation_events (organization_id, conversation_id, id);

-- What a merge moved, so that it can be undone.
CREATE TABLE conversation_merges (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    destination_id BLOB NOT NULL,
    sources TEXT NOT NULL,
    is_undone BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, destination_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX conversation_merges_destination ON conversation_merges (organization_id, destination_id);

CREATE TABLE messages (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    visibility TEXT NOT NULL,
    status TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT,
    html TEXT,
    subject TEXT,
    content TEXT,
    details TEXT NOT NULL,
    metadata TEXT NOT NULL,
    words TEXT NOT NULL,
    client_message_id TEXT,
    external_message_id TEXT,
    -- Who was asked to approve it, while that is open.
    approver_user_id BLOB,
    approver_team_id BLOB,
    scheduled_at INTEGER,
    sent_at INTEGER,
    delivered_at INTEGER,
    read_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX messages_conversation ON messages (organization_id, conversation_id, id);
CREATE UNIQUE INDEX messages_client_message_id ON messages (organization_id, conversation_id, client_message_id);
CREATE INDEX messages_external_message_id ON messages (organization_id, external_message_id);
CREATE INDEX messages_pending ON messages (organization_id, id) WHERE status = 'pending_approval';
CREATE INDEX messages_drafts ON messages (organization_id, conversation_id, id) WHERE status = 'draft';

-- Which messages a merge moved, and from where.
CREATE TABLE conversation_merge_messages (
    organization_id BLOB NOT NULL,
    merge_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    source_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, merge_id, message_id),
    FOREIGN KEY (organization_id, merge_id) REFERENCES conversation_merges (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, message_id) REFERENCES messages (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX conversation_merge_messages_message ON conversation_merge_messages (organization_id, message_id);

-- What is to happen at a given time: a message to be sent, a snoozed conversation to come back. Here organization_id is the
-- organization itself: whoever works for it must know it.
CREATE TABLE timers (
    organization_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    is_test BOOLEAN NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, kind, id)
) WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due_at);

CREATE TABLE csat_surveys (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    channel TEXT NOT NULL,
    user_id BLOB,
    score INTEGER,
    comment TEXT,
    requested_at INTEGER NOT NULL,
    submitted_at INTEGER,
    expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX csat_surveys_conversation ON csat_surveys (organization_id, conversation_id, id);

CREATE TABLE views (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    object TEXT NOT NULL,
    query TEXT NOT NULL,
    sort TEXT,
    visibility TEXT NOT NULL,
    team_id BLOB,
    owner_user_id BLOB,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX views_team ON views (organization_id, team_id);
