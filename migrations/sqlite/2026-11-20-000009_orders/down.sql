DROP INDEX contact_identities_spelling;
DROP INDEX conversations_by_priority;
DROP INDEX companies_by_name;
DROP INDEX contacts_by_activity;
DROP INDEX contacts_by_email;
DROP INDEX contacts_by_name;
