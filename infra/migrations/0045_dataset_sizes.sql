-- migrate:up

-- How large the largest row of a dataset's table is: what a question over it can cost is counted with it. A table that
-- has no row here was loaded before they were measured.
CREATE TABLE dataset_sizes (
  tenant    text NOT NULL,
  relation  text NOT NULL,
  row_bytes bigint NOT NULL,
  PRIMARY KEY (tenant, relation)
);
SELECT protect_by_tenant('dataset_sizes', 'tenant');
GRANT SELECT, INSERT, DELETE ON dataset_sizes TO colloquy_app;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'colloquy_tools') THEN
    BEGIN
      CREATE ROLE colloquy_tools NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
    END;
  END IF;
END $$;
GRANT SELECT ON dataset_sizes TO colloquy_tools;
CREATE POLICY one_tenant_asks ON dataset_sizes FOR SELECT TO colloquy_tools
  USING (tenant = nullif(current_setting('app.tenant', true), ''));

-- What only a superuser, or one who was given the parameter, may limit: the disk that a question's sorts spill to.
CREATE FUNCTION limit_spilling(login text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''256MB''', login);
EXCEPTION WHEN insufficient_privilege THEN NULL; -- a managed server: its own parameters say it
END $$;
REVOKE ALL ON FUNCTION limit_spilling FROM PUBLIC;

-- migrate:down

DROP FUNCTION limit_spilling;
DROP TABLE dataset_sizes;
