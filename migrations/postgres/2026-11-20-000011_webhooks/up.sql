CREATE TABLE webhooks (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text,
    description text,
    -- The address as it is shown, and the names of the headers. The address itself, the headers and the secrets are sealed.
    shown_url text NOT NULL,
    header_names jsonb NOT NULL,
    sealed bytea NOT NULL,
    format text NOT NULL,
    events jsonb NOT NULL,
    query jsonb NOT NULL,
    status text NOT NULL,
    disabled_reason text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);

-- How far the feed was turned into deliveries.
CREATE TABLE webhook_cursors (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (organization_id)
);

-- What changes with every delivery of a webhook, and who delivers. It outlives the webhook until its deliveries are called off.
CREATE TABLE webhook_lanes (
    organization_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    starts_after bigint,
    due_at timestamptz,
    leased_until timestamptz,
    lease_owner uuid,
    cancel_through bigint,
    hold_until timestamptz,
    consecutive_failures integer NOT NULL,
    failing_since timestamptz,
    last_delivery_at timestamptz,
    PRIMARY KEY (organization_id, webhook_id)
);
CREATE INDEX webhook_lanes_due ON webhook_lanes (due_at);

CREATE TABLE webhook_deliveries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    seq bigint,
    object_id uuid NOT NULL,
    status text NOT NULL,
    attempt_count integer NOT NULL,
    attempts jsonb NOT NULL,
    next_attempt_at timestamptz,
    holds_object boolean NOT NULL,
    payload text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (organization_id, webhook_id, id);
-- What waits for its attempt.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (organization_id, webhook_id, next_attempt_at, seq)
    WHERE next_attempt_at IS NOT NULL;
-- Of the deliveries about one object that are not over, the first is attempted, and the others wait for it.
CREATE INDEX webhook_deliveries_object ON webhook_deliveries (organization_id, webhook_id, object_id, seq) WHERE holds_object;
