CREATE TABLE webhooks (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT,
    description TEXT,
    -- The address as it is shown, and the names of the headers. The address itself, the headers and the secrets are sealed.
    shown_url TEXT NOT NULL,
    header_names TEXT NOT NULL,
    sealed BLOB NOT NULL,
    format TEXT NOT NULL,
    events TEXT NOT NULL,
    query TEXT NOT NULL,
    status TEXT NOT NULL,
    disabled_reason TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;

-- How far the feed was turned into deliveries.
CREATE TABLE webhook_cursors (
    organization_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (organization_id)
) WITHOUT ROWID;

-- What changes with every delivery of a webhook, and who delivers. It outlives the webhook until its deliveries are called off.
CREATE TABLE webhook_lanes (
    organization_id BLOB NOT NULL,
    webhook_id BLOB NOT NULL,
    starts_after INTEGER,
    due_at INTEGER,
    leased_until INTEGER,
    lease_owner BLOB,
    cancel_through INTEGER,
    hold_until INTEGER,
    consecutive_failures INTEGER NOT NULL,
    failing_since INTEGER,
    last_delivery_at INTEGER,
    PRIMARY KEY (organization_id, webhook_id)
) WITHOUT ROWID;
CREATE INDEX webhook_lanes_due ON webhook_lanes (due_at);

CREATE TABLE webhook_deliveries (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    webhook_id BLOB NOT NULL,
    event_id BLOB NOT NULL,
    event_type TEXT NOT NULL,
    seq INTEGER,
    object_id BLOB NOT NULL,
    status TEXT NOT NULL,
    attempt_count INTEGER NOT NULL,
    attempts TEXT NOT NULL,
    next_attempt_at INTEGER,
    holds_object BOOLEAN NOT NULL,
    payload TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (organization_id, webhook_id, id);
-- What waits for its attempt.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (organization_id, webhook_id, next_attempt_at, seq)
    WHERE next_attempt_at IS NOT NULL;
-- Of the deliveries about one object that are not over, the first is attempted, and the others wait for it.
CREATE INDEX webhook_deliveries_object ON webhook_deliveries (organization_id, webhook_id, object_id, seq) WHERE holds_object;
