-- Work that goes on after its call was answered. Here organization_id is the space: jobs of test keys are apart from the others.
CREATE TABLE jobs (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    total bigint NOT NULL,
    processed bigint NOT NULL,
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    skipped bigint NOT NULL,
    dry_run boolean NOT NULL,
    reversible boolean NOT NULL,
    reverts_job_id uuid,
    subject_id uuid,
    failure jsonb,
    cursor text,
    steps bigint NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz,
    created_by uuid,
    started_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX jobs_due ON jobs (organization_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

-- What a job was given, apart from it because it is large and never changes.
CREATE TABLE job_inputs (
    organization_id uuid NOT NULL,
    job_id uuid NOT NULL,
    arguments text NOT NULL,
    caller text NOT NULL,
    request_id text NOT NULL,
    PRIMARY KEY (organization_id, job_id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE job_results (
    organization_id uuid NOT NULL,
    job_id uuid NOT NULL,
    id uuid NOT NULL,
    object_id uuid,
    row_number bigint,
    status text NOT NULL,
    error jsonb,
    changed_fields jsonb NOT NULL,
    version bigint,
    undo text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, job_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX job_results_status ON job_results (organization_id, job_id, status, id);

-- Each space with unfinished jobs, once: workers take turns among them, so that no organization waits for the jobs of another.
CREATE TABLE job_lanes (
    organization_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    turn uuid NOT NULL,
    lease uuid,
    PRIMARY KEY (organization_id)
);
CREATE INDEX job_lanes_due ON job_lanes (due_at, turn);

CREATE TABLE imports (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    object text NOT NULL,
    format text NOT NULL,
    file_id uuid,
    mode text NOT NULL,
    match_on text,
    mapping jsonb NOT NULL,
    on_error text NOT NULL,
    preserve_timestamps boolean NOT NULL,
    suppress_events boolean NOT NULL,
    status text NOT NULL,
    total bigint NOT NULL,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    skipped bigint NOT NULL,
    failed bigint NOT NULL,
    failure jsonb,
    created_by uuid,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX imports_job ON imports (organization_id, job_id);

CREATE TABLE import_errors (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    id uuid NOT NULL,
    row_number bigint NOT NULL,
    field text,
    code text NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (organization_id, import_id, id),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE exports (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    object text NOT NULL,
    query text,
    fields jsonb,
    format text NOT NULL,
    status text NOT NULL,
    file_id uuid,
    upload_id uuid NOT NULL,
    row_count bigint NOT NULL,
    failure jsonb,
    expires_at timestamptz,
    created_by uuid,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX exports_job ON exports (organization_id, job_id);
CREATE INDEX exports_expiry ON exports (expires_at) WHERE file_id IS NOT NULL;
