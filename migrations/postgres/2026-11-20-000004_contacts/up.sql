-- Everything here is found by its space: an organization, or the twin of one that test keys work in.

CREATE TABLE contacts (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid,
    name text,
    first_name text,
    last_name text,
    email text,
    phone text,
    title text,
    role text,
    type text NOT NULL,
    user_id uuid,
    is_primary boolean NOT NULL,
    is_verified boolean NOT NULL,
    is_blocked boolean NOT NULL,
    external_id text,
    details jsonb NOT NULL,
    consent jsonb NOT NULL,
    tags jsonb NOT NULL,
    custom_fields jsonb NOT NULL,
    metadata jsonb NOT NULL,
    words jsonb NOT NULL,
    name_key text,
    conversation_count integer NOT NULL,
    open_conversation_count integer NOT NULL,
    last_activity_at timestamptz,
    last_seen_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX contacts_external_id ON contacts (organization_id, external_id);
CREATE INDEX contacts_email ON contacts (organization_id, email);
CREATE INDEX contacts_phone ON contacts (organization_id, phone);
CREATE INDEX contacts_updated ON contacts (organization_id, updated_at, id);
CREATE INDEX contacts_last_activity ON contacts (organization_id, last_activity_at NULLS FIRST, id);
CREATE INDEX contacts_company ON contacts (organization_id, company_id, id);
CREATE INDEX contacts_user ON contacts (organization_id, user_id, id);
-- Of the contacts of a company, one at the most is its primary one.
CREATE UNIQUE INDEX contacts_primary ON contacts (organization_id, company_id) WHERE is_primary;
-- Namesakes in one company.
CREATE INDEX contacts_name_key ON contacts (organization_id, name_key, company_id);

-- By what a contact is known: one row for each address, number or account. The primary ones are copied to contacts.email and .phone.
CREATE TABLE contact_identities (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    type text NOT NULL,
    value text NOT NULL,
    likeness text NOT NULL,
    is_primary boolean NOT NULL,
    verified_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX contact_identities_value ON contact_identities (organization_id, value, type);
CREATE INDEX contact_identities_contact ON contact_identities (organization_id, contact_id);
-- What two people are unlikely to share: the same mailbox spelled differently, one number for calls and for WhatsApp.
CREATE INDEX contact_identities_likeness ON contact_identities (organization_id, likeness, contact_id);

-- Contacts that were deleted, as they were, until they can no longer be restored; then only that there was one.
CREATE TABLE deleted_contacts (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    copy jsonb,
    deleted_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX deleted_contacts_expiry ON deleted_contacts (expires_at) WHERE copy IS NOT NULL;

-- Contacts that became one, with both as they were, until that can no longer be undone; then only that they did.
CREATE TABLE contact_merges (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    destination_id uuid NOT NULL,
    source jsonb,
    destination jsonb,
    conversation_ids jsonb,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    unmerged_at timestamptz,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX contact_merges_source ON contact_merges (organization_id, source_id);
CREATE INDEX contact_merges_expiry ON contact_merges (expires_at) WHERE source IS NOT NULL;

CREATE TABLE segments (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    count bigint NOT NULL,
    counted_at timestamptz NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX segments_counted ON segments (counted_at);
