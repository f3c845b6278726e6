-- migrate:up

-- A tenant's own login for tools that draw reports: it reads the views in the schema `bi`, of which it sees its tenant's
-- rows, and nothing else. What may be read is granted to a role that nobody logs in as.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'colloquy_bi') THEN
    CREATE ROLE colloquy_bi NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
END $$;

-- Which login is whose. Nobody but the owner reads this.
CREATE TABLE bi_logins (
  role       text PRIMARY KEY,
  tenant     text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  rotated_at timestamptz
);

-- The tenant of whoever has logged in, whatever role a session has taken since; null for everybody else.
CREATE FUNCTION bi_tenant() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant FROM public.bi_logins WHERE role = session_user
$$;
REVOKE ALL ON FUNCTION bi_tenant FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bi_tenant TO colloquy_bi;
-- Whoever makes the read models' tables says in them who sees which rows.
GRANT EXECUTE ON FUNCTION bi_tenant TO colloquy_worker;

CREATE SCHEMA bi AUTHORIZATION colloquy_worker;
SET ROLE colloquy_worker;
GRANT USAGE ON SCHEMA bi TO colloquy_bi;
RESET ROLE;

-- Make a tenant's login, or give the one that is there another password; its name. The server and its log get a
-- verifier, never the password.
CREATE FUNCTION put_bi_login(of_tenant text, login text, verifier text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  known text;
BEGIN
  IF NOT EXISTS (SELECT FROM tenant_keys WHERE tenant = of_tenant) THEN
    RAISE no_data_found USING MESSAGE = 'there is no such tenant';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('bi_login', 0));
  SELECT role INTO known FROM bi_logins WHERE tenant = of_tenant;
  IF known IS NOT NULL THEN
    EXECUTE format('ALTER ROLE %I PASSWORD %L', known, verifier);
    UPDATE bi_logins SET rotated_at = now() WHERE role = known;
    RETURN known;
  END IF;
  EXECUTE format(
    'CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE INHERIT CONNECTION LIMIT 8 PASSWORD %L',
    login, verifier);
  EXECUTE format('GRANT colloquy_bi TO %I WITH INHERIT TRUE, SET FALSE', login);
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
  EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', login);
  EXECUTE format('ALTER ROLE %I SET statement_timeout = ''60s''', login);
  EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', login);
  EXECUTE format('ALTER ROLE %I SET search_path = bi', login);
  INSERT INTO bi_logins (role, tenant) VALUES (login, of_tenant);
  RETURN login;
END $$;

-- Take a tenant's login away, with whatever it has open; its name, null when there was none.
CREATE FUNCTION drop_bi_login(of_tenant text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  known text;
BEGIN
  DELETE FROM bi_logins WHERE tenant = of_tenant RETURNING role INTO known;
  IF known IS NOT NULL THEN
    BEGIN
      PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = known;
    EXCEPTION WHEN insufficient_privilege THEN NULL; -- whoever is still connected sees no row any more
    END;
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM %I', current_database(), known);
    EXECUTE format('DROP ROLE %I', known);
  END IF;
  RETURN known;
END $$;
REVOKE ALL ON FUNCTION put_bi_login, drop_bi_login FROM PUBLIC;

-- migrate:down

DROP FUNCTION put_bi_login, drop_bi_login;
DROP SCHEMA bi CASCADE;
DROP FUNCTION bi_tenant CASCADE;
DROP TABLE bi_logins;
