-- Every word that objects are tagged with; `key` is the name folded, so that there is one tag for all its spellings.
CREATE TABLE tags (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    color TEXT,
    description TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX tags_key ON tags (organization_id, key);

-- Which object has which tag. The objects hold the same in their column tags, in their order and with the names as people read
-- them.
CREATE TABLE tag_uses (
    organization_id BLOB NOT NULL,
    object_type TEXT NOT NULL,
    object_id BLOB NOT NULL,
    tag_key TEXT NOT NULL,
    PRIMARY KEY (organization_id, object_type, object_id, tag_key)
) WITHOUT ROWID;
CREATE INDEX tag_uses_tag ON tag_uses (organization_id, tag_key, object_type, object_id);

CREATE TABLE custom_fields (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    object TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    "order" INTEGER NOT NULL,
    options TEXT NOT NULL,
    is_required_on TEXT NOT NULL,
    "default" TEXT,
    regex TEXT,
    is_sensitive BOOLEAN NOT NULL,
    archived BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX custom_fields_name ON custom_fields (organization_id, object, name);

CREATE TABLE pipelines (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    object TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;

CREATE TABLE stages (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    pipeline_id BLOB NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    probability INTEGER,
    outcome TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, pipeline_id) REFERENCES pipelines (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX stages_pipeline ON stages (organization_id, pipeline_id, position);

-- deal_value is in thousandths of the currency's unit, whatever the currency, so that amounts compare as numbers.
CREATE TABLE companies (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    website TEXT,
    domains TEXT NOT NULL,
    industry TEXT,
    deal_value INTEGER,
    currency TEXT NOT NULL,
    stage_id BLOB,
    position INTEGER NOT NULL,
    logo_url TEXT,
    notes TEXT,
    last_contact INTEGER,
    is_customer BOOLEAN NOT NULL,
    owner_user_id BLOB,
    tags TEXT NOT NULL,
    custom_fields TEXT NOT NULL,
    metadata TEXT NOT NULL,
    external_id TEXT,
    contact_count INTEGER NOT NULL,
    open_ticket_count INTEGER NOT NULL,
    created_by BLOB,
    words TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, stage_id) REFERENCES stages (organization_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX companies_external_id ON companies (organization_id, external_id);
CREATE INDEX companies_stage ON companies (organization_id, stage_id, position);
CREATE INDEX companies_owner ON companies (organization_id, owner_user_id);

-- Which company a domain belongs to; companies.domains holds the same with its order.
CREATE TABLE company_domains (
    organization_id BLOB NOT NULL,
    domain TEXT NOT NULL,
    company_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, domain),
    FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX company_domains_company ON company_domains (organization_id, company_id);

-- Where companies went that were merged into others.
CREATE TABLE company_merges (
    organization_id BLOB NOT NULL,
    source_id BLOB NOT NULL,
    destination_id BLOB NOT NULL,
    merged_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, source_id),
    FOREIGN KEY (organization_id, destination_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX company_merges_destination ON company_merges (organization_id, destination_id);
