DROP TABLE segments;
DROP TABLE contact_merges;
DROP TABLE deleted_contacts;
DROP TABLE contact_identities;
DROP TABLE contacts;
