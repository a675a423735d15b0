-- Work that goes on after its call was answered. Here organization_id is the space: jobs of test keys are apart from the others.
CREATE TABLE jobs (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    total INTEGER NOT NULL,
    processed INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    dry_run BOOLEAN NOT NULL,
    reversible BOOLEAN NOT NULL,
    reverts_job_id BLOB,
    subject_id BLOB,
    failure TEXT,
    cursor TEXT,
    steps INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER,
    created_by BLOB,
    started_at INTEGER,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (organization_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

-- What a job was given, apart from it because it is large and never changes.
CREATE TABLE job_inputs (
    organization_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    arguments TEXT NOT NULL,
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, job_id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE job_results (
    organization_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    id BLOB NOT NULL,
    object_id BLOB,
    row_number INTEGER,
    status TEXT NOT NULL,
    error TEXT,
    changed_fields TEXT NOT NULL,
    version INTEGER,
    undo TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, job_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX job_results_status ON job_results (organization_id, job_id, status, id);

-- Each space with unfinished jobs, once: workers take turns among them, so that no organization waits for the jobs of another.
CREATE TABLE job_lanes (
    organization_id BLOB NOT NULL,
    due_at INTEGER NOT NULL,
    turn BLOB NOT NULL,
    lease BLOB,
    PRIMARY KEY (organization_id)
) WITHOUT ROWID;
CREATE INDEX job_lanes_due ON job_lanes (due_at, turn);

CREATE TABLE imports (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    object TEXT NOT NULL,
    format TEXT NOT NULL,
    file_id BLOB,
    mode TEXT NOT NULL,
    match_on TEXT,
    mapping TEXT NOT NULL,
    on_error TEXT NOT NULL,
    preserve_timestamps BOOLEAN NOT NULL,
    suppress_events BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    total INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    failure TEXT,
    created_by BLOB,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX imports_job ON imports (organization_id, job_id);

CREATE TABLE import_errors (
    organization_id BLOB NOT NULL,
    import_id BLOB NOT NULL,
    id BLOB NOT NULL,
    row_number INTEGER NOT NULL,
    field TEXT,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (organization_id, import_id, id),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE exports (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    object TEXT NOT NULL,
    query TEXT,
    fields TEXT,
    format TEXT NOT NULL,
    status TEXT NOT NULL,
    file_id BLOB,
    upload_id BLOB NOT NULL,
    row_count INTEGER NOT NULL,
    failure TEXT,
    expires_at INTEGER,
    created_by BLOB,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX exports_job ON exports (organization_id, job_id);
CREATE INDEX exports_expiry ON exports (expires_at) WHERE file_id IS NOT NULL;
