-- migrate:up

-- What is erased with a session is found by it, and what a whole tenant had can be deleted by whoever acts for it.
CREATE INDEX known_exchanges_of_session ON known_exchanges (tenant, session_id);
GRANT DELETE ON incidents TO colloquy_app;
GRANT DELETE ON tenants TO colloquy_app;

-- A tenant's corpus goes whole. Its partitions stay, empty: to drop one would stop the searches of all tenants.
CREATE FUNCTION empty_corpus(tenant text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  suffix text := replace(tenant, '-', '');
BEGIN
  IF tenant !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    OR tenant IS DISTINCT FROM nullif(current_setting('app.tenant', true), '') THEN
    RAISE insufficient_privilege USING MESSAGE = 'a corpus belongs to the tenant of the transaction';
  END IF;
  IF to_regclass('public.postings_' || suffix) IS NOT NULL THEN
    EXECUTE format('TRUNCATE public.passages_%1$s, public.postings_%1$s', suffix);
  END IF;
END $$;
REVOKE ALL ON FUNCTION empty_corpus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION empty_corpus TO colloquy_app;

-- migrate:down

DROP FUNCTION empty_corpus;
REVOKE DELETE ON tenants FROM colloquy_app;
REVOKE DELETE ON incidents FROM colloquy_app;
DROP INDEX known_exchanges_of_session;
