-- The organization of a row comes from the token of the call that wrote it, never from an argument. So tables that are written
-- all the time do not check it with a foreign key: on PostgreSQL every such check locks the organization's one row, and
-- concurrent writers queue up behind it.

CREATE TABLE organizations (
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    website TEXT,
    language TEXT NOT NULL,
    timezone TEXT NOT NULL,
    currency TEXT NOT NULL,
    hostnames TEXT NOT NULL,
    default_user_id BLOB,
    default_team_id BLOB,
    default_models TEXT NOT NULL,
    connectors TEXT NOT NULL,
    settings TEXT NOT NULL,
    plan TEXT NOT NULL,
    features TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX organizations_slug ON organizations (slug);

-- One row once the server has an organization: of two that set it up at the same moment, only one can add it.
CREATE TABLE installation (
    id INTEGER NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
) WITHOUT ROWID;

-- Finds the organization of a login by the host name it came to.
CREATE TABLE hostnames (
    hostname TEXT NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (hostname)
) WITHOUT ROWID;

CREATE TABLE secrets (
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    last4 TEXT NOT NULL,
    previous_sealed BLOB,
    previous_until INTEGER,
    set_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (organization_id, name)
) WITHOUT ROWID;

CREATE TABLE roles (
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    permissions TEXT NOT NULL,
    conversation_visibility TEXT NOT NULL,
    is_system BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX roles_name ON roles (organization_id, name);

CREATE TABLE users (
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    username TEXT,
    role_id BLOB NOT NULL,
    status TEXT NOT NULL,
    availability TEXT NOT NULL,
    away_reason TEXT,
    available_again_at INTEGER,
    is_assignable BOOLEAN NOT NULL,
    max_open_conversations INTEGER,
    skills TEXT NOT NULL,
    avatar_url TEXT,
    job_title TEXT,
    phone TEXT,
    language TEXT,
    timezone TEXT,
    signatures TEXT NOT NULL,
    external_id TEXT,
    metadata TEXT NOT NULL,
    password_hash TEXT,
    first_seen_at INTEGER,
    last_seen_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (organization_id, email);
CREATE UNIQUE INDEX users_username ON users (organization_id, username);
CREATE UNIQUE INDEX users_external_id ON users (organization_id, external_id);
CREATE INDEX users_role ON users (organization_id, role_id);

-- Finds who logs in by e-mail address or user name, before the organization is known.
CREATE TABLE logins (
    name TEXT NOT NULL,
    organization_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    PRIMARY KEY (name, organization_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX logins_user ON logins (organization_id, user_id);

CREATE TABLE teams (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    query TEXT NOT NULL,
    user_ids TEXT NOT NULL,
    lead_user_ids TEXT NOT NULL,
    is_support_enabled BOOLEAN NOT NULL,
    schedule_id BLOB,
    assignment_policy_id BLOB,
    role_id BLOB,
    external_id TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX teams_external_id ON teams (organization_id, external_id);
CREATE INDEX teams_role ON teams (organization_id, role_id);

-- Who is in which team, seen from the user; teams.user_ids holds the same with its order.
CREATE TABLE team_members (
    organization_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    team_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, user_id, team_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX team_members_team ON team_members (organization_id, team_id);

CREATE TABLE api_keys (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    environment TEXT NOT NULL,
    scopes TEXT NOT NULL,
    allowed_methods TEXT NOT NULL,
    ip_allowlist TEXT NOT NULL,
    act_as_user_id BLOB,
    rate_limit_per_minute INTEGER,
    expires_at INTEGER,
    prefix TEXT NOT NULL,
    last4 TEXT NOT NULL,
    revoked_at INTEGER,
    last_used_at INTEGER,
    last_used_ip TEXT,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, act_as_user_id) REFERENCES users (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX api_keys_act_as_user ON api_keys (organization_id, act_as_user_id);

CREATE TABLE sessions (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    ip TEXT,
    user_agent TEXT,
    refresh_digest BLOB,
    impersonator_id BLOB,
    impersonation_reason TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (organization_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Finds what a token opens by the SHA-256 digest of the token; the token itself is kept nowhere.
CREATE TABLE tokens (
    digest BLOB NOT NULL,
    organization_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (digest)
) WITHOUT ROWID;
CREATE INDEX tokens_subject ON tokens (organization_id, subject_id);
CREATE INDEX tokens_expiry ON tokens (expires_at);

-- The outbox: one row for each committed change, written in the transaction of the change.
CREATE TABLE events (
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

CREATE TABLE audit_entries (
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

CREATE TABLE idempotency_keys (
    organization_id BLOB NOT NULL,
    owner_id BLOB NOT NULL,
    key TEXT NOT NULL,
    method TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    request_id TEXT NOT NULL,
    sealed_body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, owner_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- Mail that is still to be sent; written in the transaction that calls for it.
CREATE TABLE mails (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    sealed BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX mails_due ON mails (next_attempt_at);
