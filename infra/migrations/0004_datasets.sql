-- migrate:up

-- Which table holds a dataset's rows. They lie in a schema of their tenant, which only that tenant's own role reads.
CREATE TABLE datasets (
  tenant   text NOT NULL,
  name     text NOT NULL,
  relation text NOT NULL,
  PRIMARY KEY (tenant, name)
);
SELECT protect_by_tenant('datasets', 'tenant');
GRANT SELECT ON datasets TO colloquy_app;
CREATE SEQUENCE dataset_tables;

-- The name of a tenant's schema, which is also that of its role: colloquy_app may write there through the functions
-- below and read nothing; the role may read there and nowhere else. Roles are the server's, so they may be there already.
CREATE FUNCTION provision_datasets(tenant text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own text := 'colloquy_data_' || replace(tenant, '-', '');
BEGIN
  IF tenant !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    OR tenant IS DISTINCT FROM nullif(current_setting('app.tenant', true), '') THEN
    RAISE insufficient_privilege USING MESSAGE = 'a dataset belongs to the tenant of the transaction';
  END IF;
  IF EXISTS (SELECT FROM pg_namespace WHERE nspname = own) THEN
    RETURN own;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(own, 0));
  BEGIN
    EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT', own);
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  IF NOT pg_has_role(own, 'SET') THEN
    EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', own, current_user);
  END IF;
  EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', own);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, colloquy_app', own, own);
  RETURN own;
END $$;

-- An empty table for new rows; its full name. Nobody reads it before it is published.
CREATE FUNCTION draft_dataset(tenant text, names text[], types text[]) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation text := format('%I.%I', public.provision_datasets(tenant), 't_' || nextval('public.dataset_tables'));
  allowed text[] := ARRAY['text', 'numeric', 'bigint', 'boolean', 'date', 'timestamp'];
BEGIN
  IF cardinality(names) <> cardinality(types) OR NOT types <@ allowed THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a column has a name and one of the types';
  END IF;
  EXECUTE format('CREATE TABLE %s (%s)', relation,
    (SELECT string_agg(format('%I %s', name, type), ', ') FROM unnest(names, types) AS columns(name, type)));
  EXECUTE format('GRANT INSERT ON %s TO colloquy_app', relation);
  RETURN relation;
END $$;

-- Put a draft in place of what was there under the name.
CREATE FUNCTION publish_dataset(tenant text, name text, draft text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own text := public.provision_datasets(tenant);
  old text;
BEGIN
  IF draft NOT LIKE format('%I.t\_%%', own) OR to_regclass(draft) IS NULL
    OR EXISTS (SELECT FROM public.datasets AS known WHERE known.relation = draft) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'this is no draft of the tenant';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('datasets/' || tenant, 0));
  SELECT known.relation INTO old FROM public.datasets AS known
    WHERE known.tenant = publish_dataset.tenant AND known.name = publish_dataset.name;
  EXECUTE format('REVOKE INSERT ON %s FROM colloquy_app', draft::regclass);
  EXECUTE format('GRANT SELECT ON %s TO %I', draft::regclass, own);
  INSERT INTO public.datasets VALUES (tenant, name, draft)
    ON CONFLICT ON CONSTRAINT datasets_pkey DO UPDATE SET relation = excluded.relation;
  IF old IS NOT NULL THEN
    EXECUTE format('DROP TABLE %s', old::regclass);
  END IF;
END $$;

REVOKE ALL ON FUNCTION provision_datasets, draft_dataset, publish_dataset FROM PUBLIC;
GRANT EXECUTE ON FUNCTION draft_dataset, publish_dataset TO colloquy_app;

-- migrate:down

DO $$
DECLARE
  own text;
BEGIN
  FOR own IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^colloquy_data_[0-9a-f]{32}$' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', own);
    BEGIN
      EXECUTE format('DROP ROLE %I', own);
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL; -- another database of this server has it too
    END;
  END LOOP;
END $$;
DROP FUNCTION publish_dataset, draft_dataset, provision_datasets;
DROP SEQUENCE dataset_tables;
DROP TABLE datasets;
