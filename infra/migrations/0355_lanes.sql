-- migrate:up

-- Which database holds a tenant, where several do: kept in the first one alone, from the tenant's beginning on, and for
-- good: also when it is erased, for its log stays where it was written.
CREATE TABLE tenant_lanes (
  tenant   text PRIMARY KEY,
  database int NOT NULL CHECK (database >= 0)
);
SELECT protect_by_tenant('tenant_lanes', 'tenant');
GRANT SELECT ON tenant_lanes TO colloquy_app, colloquy_worker;

-- Where the tenant of the transaction is. One that has a key here, and was never placed, is from before there were
-- several: it stays. Whoever comes first places a new one, and others find it there.
CREATE FUNCTION place_tenant(of_tenant text, wished int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found int;
BEGIN
  IF of_tenant = '' OR of_tenant IS DISTINCT FROM nullif(current_setting('app.tenant', true), '') THEN
    RAISE insufficient_privilege USING MESSAGE = 'a tenant is placed by whoever acts for it';
  END IF;
  SELECT l.database INTO found FROM public.tenant_lanes AS l WHERE l.tenant = of_tenant;
  IF found IS NULL THEN
    INSERT INTO public.tenant_lanes VALUES (of_tenant, CASE
      WHEN EXISTS (SELECT FROM public.tenant_keys AS k WHERE k.tenant = of_tenant) THEN 0 ELSE wished END)
      ON CONFLICT DO NOTHING;
    SELECT l.database INTO found FROM public.tenant_lanes AS l WHERE l.tenant = of_tenant;
  END IF;
  RETURN found;
END $$;
REVOKE ALL ON FUNCTION place_tenant FROM PUBLIC;
GRANT EXECUTE ON FUNCTION place_tenant TO colloquy_app;

-- migrate:down

DROP FUNCTION place_tenant;
DROP TABLE tenant_lanes;
