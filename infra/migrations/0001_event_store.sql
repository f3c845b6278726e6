-- migrate:up

CREATE EXTENSION IF NOT EXISTS vector;

-- The roles that statements run as. Neither owns anything nor can pass row level security by.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'colloquy_app') THEN
    CREATE ROLE colloquy_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'colloquy_worker') THEN
    CREATE ROLE colloquy_worker NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
END $$;
DO $$ BEGIN
  IF NOT (pg_has_role('colloquy_app', 'SET') AND pg_has_role('colloquy_worker', 'SET')) THEN
    EXECUTE format('GRANT colloquy_app, colloquy_worker TO %I', current_user);
  END IF;
END $$;

-- Wrapped keys: a tenant's by the key service, a stream's by its tenant's. Deleting a row shreds what it sealed.
CREATE TABLE tenant_keys (
  tenant  text PRIMARY KEY,
  wrapped bytea NOT NULL
);
CREATE TABLE stream_keys (
  stream  text PRIMARY KEY,
  wrapped bytea NOT NULL
);
CREATE INDEX stream_keys_by_tenant ON stream_keys (split_part(stream, '/', 1));

CREATE TABLE snapshots (
  stream  text NOT NULL,
  version bigint NOT NULL,
  topic   text NOT NULL,
  state   bytea NOT NULL,
  PRIMARY KEY (stream, version)
);

-- Turns that run, and until when their process is believed to be alive.
CREATE TABLE running_turns (
  stream     text PRIMARY KEY,
  owner      text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX running_turns_by_owner ON running_turns (owner);

-- A lane: one table in the event sourcing library's own shape, one lock, one channel, one append function.
CREATE FUNCTION create_lane(lane int) RETURNS void LANGUAGE plpgsql AS $lane$
DECLARE
  name text := 'events_' || lane;
BEGIN
  IF to_regclass('public.' || name) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format($ddl$
    CREATE TABLE public.%1$I (
      originator_id      text NOT NULL,
      originator_version bigint NOT NULL,
      topic              text NOT NULL,
      state              bytea NOT NULL,
      notification_id    bigint GENERATED ALWAYS AS IDENTITY,
      PRIMARY KEY (originator_id, originator_version)
    ) WITH (autovacuum_vacuum_insert_scale_factor = 0.5, autovacuum_analyze_scale_factor = 0.05)
  $ddl$, name);
  EXECUTE format('CREATE UNIQUE INDEX %I ON public.%I (notification_id)', name || '_position', name);
  EXECUTE format('GRANT SELECT ON public.%I TO colloquy_app, colloquy_worker', name);
  -- One round trip an append. The lock makes the order of positions the order of commits, so that nobody who reads the
  -- log in order can pass a position that is filled later; unlike LOCK TABLE it does not fight autovacuum.
  EXECUTE format($ddl$
    CREATE FUNCTION public.%2$I(
      streams text[], versions bigint[], topics text[], states bytea[],
      starting text[], ending text[], process text, lease_s float8,
      key_streams text[], wrapped bytea[]
    ) RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $body$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(%3$L, 0));
      IF EXISTS (
        SELECT FROM (
          SELECT s, min(v) AS first, max(v) - min(v) + 1 = count(*) AS whole FROM unnest(streams, versions) AS new(s, v)
          GROUP BY s
        ) AS new
        WHERE NOT whole OR first <> 1 + coalesce(
          (SELECT max(originator_version) FROM public.%1$I AS old WHERE old.originator_id = new.s), 0)
      ) THEN
        RAISE unique_violation USING MESSAGE = 'a stream does not end where this append begins';
      END IF;
      IF cardinality(key_streams) > 0 THEN
        INSERT INTO public.stream_keys SELECT * FROM unnest(key_streams, wrapped);
      END IF;
      IF cardinality(starting) > 0 THEN
        INSERT INTO public.running_turns
          SELECT s, process, now() + make_interval(secs => lease_s) FROM unnest(starting) AS new(s)
          ON CONFLICT (stream) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at;
      END IF;
      IF cardinality(ending) > 0 THEN
        DELETE FROM public.running_turns WHERE stream = ANY (ending);
      END IF;
      NOTIFY %1$I;
      RETURN QUERY INSERT INTO public.%1$I (originator_id, originator_version, topic, state)
        SELECT * FROM unnest(streams, versions, topics, states) RETURNING notification_id;
    END $body$
  $ddl$, name, name || '_append', 'public.' || name);
  EXECUTE format('REVOKE ALL ON FUNCTION public.%I FROM PUBLIC', name || '_append');
  EXECUTE format('GRANT EXECUTE ON FUNCTION public.%I TO colloquy_app', name || '_append');
END $lane$;
REVOKE ALL ON FUNCTION create_lane FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO colloquy_app, colloquy_worker;
GRANT SELECT, INSERT ON tenant_keys TO colloquy_app;
GRANT SELECT, INSERT, DELETE ON stream_keys TO colloquy_app;
GRANT SELECT ON tenant_keys, stream_keys TO colloquy_worker;
GRANT SELECT, INSERT, DELETE ON snapshots TO colloquy_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON running_turns TO colloquy_app;

-- migrate:down

DROP FUNCTION create_lane(int);
DROP TABLE running_turns, snapshots, stream_keys, tenant_keys;
