ALTER TABLE audit_entries
    ADD COLUMN actor_type text,
    ADD COLUMN actor_id uuid,
    ADD COLUMN actor_name text,
    ADD COLUMN result text,
    ADD COLUMN is_test boolean;

DELETE FROM audit_entries WHERE target_id IS NULL;
UPDATE audit_entries
SET actor_type = actor::json ->> 'type', actor_id = (actor::json ->> 'id')::uuid, actor_name = actor::json ->> 'name',
    result = method, is_test = FALSE, changes = '[]';

ALTER TABLE audit_entries
    ALTER COLUMN actor_type SET NOT NULL,
    ALTER COLUMN actor_id SET NOT NULL,
    ALTER COLUMN actor_name SET NOT NULL,
    ALTER COLUMN result SET NOT NULL,
    ALTER COLUMN is_test SET NOT NULL,
    ALTER COLUMN target_type SET NOT NULL,
    ALTER COLUMN target_id SET NOT NULL,
    DROP COLUMN actor;

CREATE INDEX audit_entries_actor ON audit_entries (organization_id, actor_id, id);
CREATE INDEX audit_entries_target ON audit_entries (organization_id, target_id, id);
