-- migrate:up

-- Take a dataset away: its rows, and its name. Whether there was one.
CREATE FUNCTION drop_dataset(tenant text, name text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old text;
BEGIN
  IF tenant IS DISTINCT FROM nullif(current_setting('app.tenant', true), '') THEN
    RAISE insufficient_privilege USING MESSAGE = 'a dataset belongs to the tenant of the transaction';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('datasets/' || tenant, 0));
  DELETE FROM public.datasets AS known
    WHERE known.tenant = drop_dataset.tenant AND known.name = drop_dataset.name
    RETURNING known.relation INTO old;
  IF old IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE %s', old::regclass);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION drop_dataset FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_dataset TO colloquy_app;

-- migrate:down

DROP FUNCTION drop_dataset;
