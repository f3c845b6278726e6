-- migrate:up

-- Processes hold what tenants have set in memory: they hear of a change when it commits.
CREATE FUNCTION tell_tenant_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('tenant_changed', split_part(NEW.originator_id, '/', 1));
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION tell_tenant_changed FROM PUBLIC;

ALTER FUNCTION create_lane(int) RENAME TO create_protected_lane;
CREATE FUNCTION create_lane(lane int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  events regclass;
BEGIN
  PERFORM create_protected_lane(lane);
  events := 'public.events_' || lane;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = events AND tgname = 'tenant_changed') THEN
    EXECUTE format(
      'CREATE TRIGGER tenant_changed AFTER INSERT ON %s FOR EACH ROW
       WHEN (NEW.originator_id LIKE ''%%/tenant/%%'') EXECUTE FUNCTION tell_tenant_changed()', events);
  END IF;
END $$;
REVOKE ALL ON FUNCTION create_lane FROM PUBLIC;

-- migrate:down

DROP FUNCTION create_lane(int);
ALTER FUNCTION create_protected_lane(int) RENAME TO create_lane;
DROP FUNCTION tell_tenant_changed CASCADE;
