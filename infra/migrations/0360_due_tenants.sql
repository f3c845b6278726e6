-- migrate:up

CREATE INDEX tenant_keys_due ON tenant_keys (tenant) WHERE due IS NOT NULL OR cardinality(replaced) > 0;

SET ROLE colloquy_worker;

-- Which tenants have a file that is kept no longer, or a key whose replacing was not finished; for the platform alone.
CREATE FUNCTION projections.due_tenants(at timestamptz, above text, most int) RETURNS TABLE (tenant text)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('app.tenant', true) IS DISTINCT FROM '_platform' THEN
    RAISE insufficient_privilege USING MESSAGE = 'tenants are listed in the platform''s own tenant';
  END IF;
  RETURN QUERY
    SELECT f.tenant FROM public.files f WHERE f.keep_until <= at AND f.tenant > above
    UNION
    SELECT k.tenant FROM public.tenant_keys k
    WHERE (k.due IS NOT NULL OR cardinality(k.replaced) > 0) AND k.tenant > above
    ORDER BY 1 LIMIT most;
END $$;
REVOKE ALL ON FUNCTION projections.due_tenants FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projections.due_tenants TO colloquy_app;

RESET ROLE;

-- migrate:down

SET ROLE colloquy_worker;
DROP FUNCTION projections.due_tenants;
RESET ROLE;
DROP INDEX tenant_keys_due;
