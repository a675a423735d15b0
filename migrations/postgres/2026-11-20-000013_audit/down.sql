DROP INDEX audit_entries_actor;
DROP INDEX audit_entries_target;

ALTER TABLE audit_entries ADD COLUMN actor text;
UPDATE audit_entries
SET actor = json_build_object('type', actor_type, 'id', actor_id, 'name', actor_name)::text, changes = '{}';

ALTER TABLE audit_entries
    ALTER COLUMN actor SET NOT NULL,
    ALTER COLUMN target_type DROP NOT NULL,
    ALTER COLUMN target_id DROP NOT NULL,
    DROP COLUMN actor_type,
    DROP COLUMN actor_id,
    DROP COLUMN actor_name,
    DROP COLUMN result,
    DROP COLUMN is_test;
