-- migrate:up

-- Row level security for everything that belongs to a tenant: colloquy_app sees the tenant that its transaction names,
-- colloquy_worker sees all, the owner acts in the append function and in migrations.
CREATE FUNCTION protect_by_tenant(relation regclass, tenant text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', relation);
  EXECUTE format('CREATE POLICY owner ON %s TO %I USING (true) WITH CHECK (true)', relation, current_user);
  EXECUTE format(
    'CREATE POLICY one_tenant ON %s TO colloquy_app USING (%s = nullif(current_setting(''app.tenant'', true), ''''))',
    relation, tenant);
  EXECUTE format('CREATE POLICY all_tenants ON %s TO colloquy_worker USING (true)', relation);
END $$;
REVOKE ALL ON FUNCTION protect_by_tenant FROM PUBLIC;

SELECT protect_by_tenant('snapshots', 'split_part(stream, ''/'', 1)');
SELECT protect_by_tenant('stream_keys', 'split_part(stream, ''/'', 1)');
SELECT protect_by_tenant('tenant_keys', 'tenant');
SELECT protect_by_tenant('running_turns', 'split_part(stream, ''/'', 1)');

-- A shredded key leaves an empty row, so that nobody makes the stream a new one by mistake.
ALTER TABLE stream_keys ALTER COLUMN wrapped DROP NOT NULL;
GRANT UPDATE ON stream_keys TO colloquy_app;
REVOKE DELETE ON stream_keys FROM colloquy_app;

-- Leases are of processes, not of tenants.
REVOKE ALL ON running_turns FROM colloquy_app;
GRANT SELECT, UPDATE ON running_turns TO colloquy_worker;

ALTER FUNCTION create_lane(int) RENAME TO create_lane_table;
CREATE FUNCTION create_lane(lane int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM create_lane_table(lane);
  IF NOT (SELECT relforcerowsecurity FROM pg_class WHERE oid = ('public.events_' || lane)::regclass) THEN
    PERFORM protect_by_tenant(('public.events_' || lane)::regclass, 'split_part(originator_id, ''/'', 1)');
  END IF;
END $$;
REVOKE ALL ON FUNCTION create_lane FROM PUBLIC;

-- migrate:down

DROP FUNCTION create_lane(int);
ALTER FUNCTION create_lane_table(int) RENAME TO create_lane;
DO $$ DECLARE relation regclass; BEGIN
  FOR relation IN SELECT polrelid::regclass FROM pg_policy WHERE polname = 'owner' LOOP
    EXECUTE format('DROP POLICY owner ON %s', relation);
    EXECUTE format('DROP POLICY one_tenant ON %s', relation);
    EXECUTE format('DROP POLICY all_tenants ON %s', relation);
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', relation);
  END LOOP;
END $$;
DROP FUNCTION protect_by_tenant;
DELETE FROM stream_keys WHERE wrapped IS NULL;
ALTER TABLE stream_keys ALTER COLUMN wrapped SET NOT NULL;
GRANT DELETE ON stream_keys TO colloquy_app;
REVOKE UPDATE ON stream_keys FROM colloquy_app;
REVOKE ALL ON running_turns FROM colloquy_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON running_turns TO colloquy_app;
