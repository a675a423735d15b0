-- What lists are sorted by most, with the id, so that a page is read along the index wherever it is. Of a text the first 24 characters
-- count.
CREATE INDEX contacts_by_name ON contacts (organization_id, coalesce(lower(substr(name, 1, 24)), ''), id);
CREATE INDEX contacts_by_email ON contacts (organization_id, coalesce(lower(substr(email, 1, 24)), ''), id);
CREATE INDEX contacts_by_activity ON contacts (organization_id, last_activity_at, id);
CREATE INDEX companies_by_name ON companies (organization_id, coalesce(lower(substr(name, 1, 24)), ''), id);
CREATE INDEX conversations_by_priority ON conversations (organization_id, priority, id);
-- Whoever asks for an identity need not know how it is spelled.
CREATE INDEX contact_identities_spelling ON contact_identities (organization_id, lower(value));
