-- Everything here is found by its space: an organization, or the twin of one that test keys work in.

CREATE TABLE contacts (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    company_id BLOB,
    name TEXT,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    phone TEXT,
    title TEXT,
    role TEXT,
    type TEXT NOT NULL,
    user_id BLOB,
    is_primary BOOLEAN NOT NULL,
    is_verified BOOLEAN NOT NULL,
    is_blocked BOOLEAN NOT NULL,
    external_id TEXT,
    details TEXT NOT NULL,
    consent TEXT NOT NULL,
    tags TEXT NOT NULL,
    custom_fields TEXT NOT NULL,
    metadata TEXT NOT NULL,
    words TEXT NOT NULL,
    name_key TEXT,
    conversation_count INTEGER NOT NULL,
    open_conversation_count INTEGER NOT NULL,
    last_activity_at INTEGER,
    last_seen_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX contacts_external_id ON contacts (organization_id, external_id);
CREATE INDEX contacts_email ON contacts (organization_id, email);
CREATE INDEX contacts_phone ON contacts (organization_id, phone);
CREATE INDEX contacts_updated ON contacts (organization_id, updated_at, id);
CREATE INDEX contacts_last_activity ON contacts (organization_id, last_activity_at, id);
CREATE INDEX contacts_company ON contacts (organization_id, company_id, id);
CREATE INDEX contacts_user ON contacts (organization_id, user_id, id);
-- Of the contacts of a company, one at the most is its primary one.
CREATE UNIQUE INDEX contacts_primary ON contacts (organization_id, company_id) WHERE is_primary;
-- Namesakes in one company.
CREATE INDEX contacts_name_key ON contacts (organization_id, name_key, company_id);

-- By what a contact is known: one row for each address, number or account. The primary ones are copied to contacts.email and .phone.
CREATE TABLE contact_identities (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    likeness TEXT NOT NULL,
    is_primary BOOLEAN NOT NULL,
    verified_at INTEGER,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE UNIQUE INDEX contact_identities_value ON contact_identities (organization_id, value, type);
CREATE INDEX contact_identities_contact ON contact_identities (organization_id, contact_id);
-- What two people are unlikely to share: the same mailbox spelled differently, one number for calls and for WhatsApp.
CREATE INDEX contact_identities_likeness ON contact_identities (organization_id, likeness, contact_id);

-- Contacts that were deleted, as they were, until they can no longer be restored; then only that there was one.
CREATE TABLE deleted_contacts (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    copy TEXT,
    deleted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX deleted_contacts_expiry ON deleted_contacts (expires_at) WHERE copy IS NOT NULL;

-- Contacts that became one, with both as they were, until that can no longer be undone; then only that they did.
CREATE TABLE contact_merges (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    source_id BLOB NOT NULL,
    destination_id BLOB NOT NULL,
    source TEXT,
    destination TEXT,
    conversation_ids TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    unmerged_at INTEGER,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX contact_merges_source ON contact_merges (organization_id, source_id);
CREATE INDEX contact_merges_expiry ON contact_merges (expires_at) WHERE source IS NOT NULL;

CREATE TABLE segments (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    count INTEGER NOT NULL,
    counted_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX segments_counted ON segments (counted_at);
