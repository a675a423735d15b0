-- The organization of a row comes from the token of the call that wrote it, never from an argument. So tables that are written
-- all the time do not check it with a foreign key: on PostgreSQL every such check locks the organization's one row, and
-- concurrent writers queue up behind it.

CREATE TABLE organizations (
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    website text,
    language text NOT NULL,
    timezone text NOT NULL,
    currency text NOT NULL,
    hostnames jsonb NOT NULL,
    default_user_id uuid,
    default_team_id uuid,
    default_models jsonb NOT NULL,
    connectors jsonb NOT NULL,
    settings jsonb NOT NULL,
    plan text NOT NULL,
    features jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX organizations_slug ON organizations (slug);

-- One row once the server has an organization: of two that set it up at the same moment, only one can add it.
CREATE TABLE installation (
    id integer NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);

-- Finds the organization of a login by the host name it came to.
CREATE TABLE hostnames (
    hostname text NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (hostname)
);

CREATE TABLE secrets (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    sealed bytea NOT NULL,
    last4 text NOT NULL,
    previous_sealed bytea,
    previous_until timestamptz,
    set_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (organization_id, name)
);

CREATE TABLE roles (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    description text,
    permissions jsonb NOT NULL,
    conversation_visibility text NOT NULL,
    is_system boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX roles_name ON roles (organization_id, name);

CREATE TABLE users (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    email text,
    username text,
    role_id uuid NOT NULL,
    status text NOT NULL,
    availability text NOT NULL,
    away_reason text,
    available_again_at timestamptz,
    is_assignable boolean NOT NULL,
    max_open_conversations integer,
    skills jsonb NOT NULL,
    avatar_url text,
    job_title text,
    phone text,
    language text,
    timezone text,
    signatures jsonb NOT NULL,
    external_id text,
    metadata jsonb NOT NULL,
    password_hash text,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id)
);
CREATE UNIQUE INDEX users_email ON users (organization_id, email);
CREATE UNIQUE INDEX users_username ON users (organization_id, username);
CREATE UNIQUE INDEX users_external_id ON users (organization_id, external_id);
CREATE INDEX users_role ON users (organization_id, role_id);

-- Finds who logs in by e-mail address or user name, before the organization is known.
CREATE TABLE logins (
    name text NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (name, organization_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX logins_user ON logins (organization_id, user_id);

CREATE TABLE teams (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text,
    query jsonb NOT NULL,
    user_ids jsonb NOT NULL,
    lead_user_ids jsonb NOT NULL,
    is_support_enabled boolean NOT NULL,
    schedule_id uuid,
    assignment_policy_id uuid,
    role_id uuid,
    external_id text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id)
);
CREATE UNIQUE INDEX teams_external_id ON teams (organization_id, external_id);
CREATE INDEX teams_role ON teams (organization_id, role_id);

-- Who is in which team, seen from the user; teams.user_ids holds the same with its order.
CREATE TABLE team_members (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    team_id uuid NOT NULL,
    PRIMARY KEY (organization_id, user_id, team_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX team_members_team ON team_members (organization_id, team_id);

CREATE TABLE api_keys (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    environment text NOT NULL,
    scopes jsonb NOT NULL,
    allowed_methods jsonb NOT NULL,
    ip_allowlist jsonb NOT NULL,
    act_as_user_id uuid,
    rate_limit_per_minute integer,
    expires_at timestamptz,
    prefix text NOT NULL,
    last4 text NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz,
    last_used_ip text,
    created_by uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, act_as_user_id) REFERENCES users (organization_id, id)
);
CREATE INDEX api_keys_act_as_user ON api_keys (organization_id, act_as_user_id);

CREATE TABLE sessions (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    ip text,
    user_agent text,
    refresh_digest bytea,
    impersonator_id uuid,
    impersonation_reason text,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (organization_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Finds what a token opens by the SHA-256 digest of the token; the token itself is kept nowhere.
CREATE TABLE tokens (
    digest bytea NOT NULL,
    organization_id uuid NOT NULL,
    purpose text NOT NULL,
    subject_id uuid NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (digest)
);
CREATE INDEX tokens_subject ON tokens (organization_id, subject_id);
CREATE INDEX tokens_expiry ON tokens (expires_at);

-- The outbox: one row for each committed change, written in the transaction of the change.
CREATE TABLE events (
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
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE audit_entries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    impersonator_id uuid,
    api_key_id uuid,
    ip text,
    method text NOT NULL,
    target_type text,
    target_id uuid,
    changes text NOT NULL,
    request_id text NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    key text NOT NULL,
    method text NOT NULL,
    fingerprint bytea NOT NULL,
    request_id text NOT NULL,
    sealed_body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, owner_id, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- Mail that is still to be sent; written in the transaction that calls for it.
CREATE TABLE mails (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    sealed bytea NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX mails_due ON mails (next_attempt_at);
