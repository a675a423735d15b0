-- Every word that objects are tagged with; `key` is the name folded, so that there is one tag for all its spellings.
CREATE TABLE tags (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    color text,
    description text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX tags_key ON tags (organization_id, key);

-- Which object has which tag. The objects hold the same in their column tags, in their order and with the names as people read
-- them.
CREATE TABLE tag_uses (
    organization_id uuid NOT NULL,
    object_type text NOT NULL,
    object_id uuid NOT NULL,
    tag_key text NOT NULL,
    PRIMARY KEY (organization_id, object_type, object_id, tag_key)
);
CREATE INDEX tag_uses_tag ON tag_uses (organization_id, tag_key, object_type, object_id);

CREATE TABLE custom_fields (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    object text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    display_name text NOT NULL,
    description text,
    "order" integer NOT NULL,
    options jsonb NOT NULL,
    is_required_on text NOT NULL,
    "default" jsonb,
    regex text,
    is_sensitive boolean NOT NULL,
    archived boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX custom_fields_name ON custom_fields (organization_id, object, name);

CREATE TABLE pipelines (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    object text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE stages (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    pipeline_id uuid NOT NULL,
    name text NOT NULL,
    position integer NOT NULL,
    probability integer,
    outcome text NOT NULL,
    words jsonb NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, pipeline_id) REFERENCES pipelines (organization_id, id)
);
CREATE INDEX stages_pipeline ON stages (organization_id, pipeline_id, position);

-- deal_value is in thousandths of the currency's unit, whatever the currency, so that amounts compare as numbers.
CREATE TABLE companies (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    website text,
    domains jsonb NOT NULL,
    industry text,
    deal_value bigint,
    currency text NOT NULL,
    stage_id uuid,
    position integer NOT NULL,
    logo_url text,
    notes text,
    last_contact timestamptz,
    is_customer boolean NOT NULL,
    owner_user_id uuid,
    tags jsonb NOT NULL,
    custom_fields jsonb NOT NULL,
    metadata jsonb NOT NULL,
    external_id text,
    contact_count integer NOT NULL,
    open_ticket_count integer NOT NULL,
    created_by uuid,
    words jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, stage_id) REFERENCES stages (organization_id, id)
);
CREATE UNIQUE INDEX companies_external_id ON companies (organization_id, external_id);
CREATE INDEX companies_stage ON companies (organization_id, stage_id, position);
CREATE INDEX companies_owner ON companies (organization_id, owner_user_id);

-- Which company a domain belongs to; companies.domains holds the same with its order.
CREATE TABLE company_domains (
    organization_id uuid NOT NULL,
    domain text NOT NULL,
    company_id uuid NOT NULL,
    PRIMARY KEY (organization_id, domain),
    FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX company_domains_company ON company_domains (organization_id, company_id);

-- Where companies went that were merged into others.
CREATE TABLE company_merges (
    organization_id uuid NOT NULL,
    source_id uuid NOT NULL,
    destination_id uuid NOT NULL,
    merged_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, source_id),
    FOREIGN KEY (organization_id, destination_id) REFERENCES companies (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX company_merges_destination ON company_merges (organization_id, destination_id);
