-- migrate:up

SET ROLE colloquy_worker;

-- A range of time is found in the audit log by its index; generations that are made from now on have it from the start.
DO $$
DECLARE
  old text;
BEGIN
  FOR old IN SELECT tablename FROM pg_tables WHERE schemaname = 'projections' AND tablename ~ '^audit_events_[0-9]+$' LOOP
    EXECUTE format('CREATE INDEX ON projections.%I (tenant, at, position)', old);
  END LOOP;
END $$;

RESET ROLE;

-- migrate:down

SET ROLE colloquy_worker;
DO $$
DECLARE
  old text;
BEGIN
  FOR old IN SELECT indexname FROM pg_indexes
    WHERE schemaname = 'projections' AND tablename ~ '^audit_events_[0-9]+$' AND indexdef LIKE '%(tenant, at, "position")' LOOP
    EXECUTE format('DROP INDEX projections.%I', old);
  END LOOP;
END $$;
RESET ROLE;
