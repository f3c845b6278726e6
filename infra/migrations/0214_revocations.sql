-- migrate:up

-- Credentials that were taken back before their time, and tenants that are closed: a row each for as long as something
-- may still be out that it refuses. Names are hashes of tokens' ids and pseudonyms of users; whoever may, reads more in
-- the facts. Every process that lets people in knows all of them.
CREATE TABLE revocations (
  tenant   text NOT NULL,
  kind     text NOT NULL CHECK (kind IN ('token', 'user', 'tenant')),
  name     text NOT NULL,
  before   timestamptz NOT NULL,
  until    timestamptz NOT NULL,
  lifted   boolean NOT NULL DEFAULT false,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, kind, name)
);
CREATE INDEX revocations_noted ON revocations (noted_at);
SELECT protect_by_tenant('revocations', 'tenant');
GRANT SELECT, INSERT, UPDATE, DELETE ON revocations TO colloquy_app;

CREATE FUNCTION tell_revoked() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('revoked', '');
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION tell_revoked FROM PUBLIC;
CREATE TRIGGER revoked AFTER INSERT OR UPDATE ON revocations FOR EACH STATEMENT EXECUTE FUNCTION tell_revoked();

-- What was noted lately, of all tenants: a process cannot know beforehand whose token comes next.
CREATE FUNCTION revocations_since(since timestamptz)
  RETURNS TABLE (tenant text, kind text, name text, before timestamptz, until timestamptz, lifted boolean,
    noted_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant, kind, name, before, until, lifted, noted_at FROM public.revocations
  WHERE noted_at > since AND until > now() ORDER BY noted_at
$$;
REVOKE ALL ON FUNCTION revocations_since FROM PUBLIC;
GRANT EXECUTE ON FUNCTION revocations_since TO colloquy_app;

-- migrate:down

DROP FUNCTION revocations_since;
DROP TABLE revocations;
DROP FUNCTION tell_revoked;
