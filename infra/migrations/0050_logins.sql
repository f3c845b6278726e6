-- migrate:up

-- Each part of the program logs in as a role of its own that owns nothing. What a part may do is granted to one of four
-- roles that nobody logs in as; a login is a member of one of them. New ones: colloquy_writer appends facts and keeps
-- leases, and reads neither; colloquy_tools asks what tenants' own tools ask.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['colloquy_writer', 'colloquy_tools'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
      END;
    END IF;
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA public TO colloquy_writer, colloquy_tools;

-- The logins that migrate made, where settings name none. Nobody but the owner reads this.
CREATE TABLE logins (
  part     text PRIMARY KEY CHECK (part IN ('app', 'writer', 'worker', 'tools')),
  role     text NOT NULL UNIQUE,
  password text NOT NULL
);
CREATE FUNCTION draw_login(of_part text) RETURNS TABLE (role text, password text) LANGUAGE sql AS $$
  INSERT INTO logins VALUES (
    of_part, 'colloquy_' || of_part || '_' || left(md5(gen_random_uuid()::text), 12),
    replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
  ) ON CONFLICT DO NOTHING;
  SELECT role, password FROM logins WHERE part = of_part;
$$;

-- See that a role can log in as a part, and has the limits that a pooler cannot drop. One that is there already keeps its
-- password and whatever it is: the program itself refuses to run as one that may do too much.
CREATE FUNCTION provision_login(of_part text, login text, verifier text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  carrier text := 'colloquy_' || of_part;
  -- The worker becomes the owner of the read models that it makes, tools become the tenant that asks.
  becomes bool := of_part IN ('worker', 'tools');
  setting text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
    EXECUTE format(
      'CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE INHERIT PASSWORD %L', login, verifier);
  END IF;
  IF NOT pg_has_role(login, carrier, 'USAGE') OR becomes AND NOT pg_has_role(login, carrier, 'SET') THEN
    EXECUTE format('GRANT %I TO %I WITH INHERIT TRUE, SET %s', carrier, login, becomes::text);
  END IF;
  IF NOT has_database_privilege(login, current_database(), 'CONNECT') THEN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
  END IF;
  FOREACH setting IN ARRAY ARRAY[
    'statement_timeout = ''20s''', 'idle_in_transaction_session_timeout = ''5s''',
    'tcp_keepalives_idle = 5', 'tcp_keepalives_interval = 2', 'tcp_keepalives_count = 3'
  ] LOOP
    BEGIN
      EXECUTE format('ALTER ROLE %I SET %s', login, setting);
    EXCEPTION WHEN insufficient_privilege THEN NULL; -- somebody else's role: the program says what it lacks
    END;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION draw_login, provision_login FROM PUBLIC;

-- An append says of each fact for which tenant its caller acts, which must be that of the stream; keys and leases belong
-- to streams of the same append. Facts of several tenants may still share one.
ALTER FUNCTION create_lane(int) RENAME TO create_told_lane;
CREATE FUNCTION create_lane(lane int) RETURNS void LANGUAGE plpgsql AS $lane$
DECLARE
  name text := 'events_' || lane;
BEGIN
  PERFORM create_told_lane(lane);
  IF to_regprocedure(format('public.%I(text[],text[],int8[],text[],bytea[],text[],text[],text,float8,text[],bytea[])',
    name || '_append')) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format($ddl$
    CREATE FUNCTION public.%2$I(
      tenants text[], streams text[], versions bigint[], topics text[], states bytea[],
      starting text[], ending text[], process text, lease_s float8,
      key_streams text[], wrapped bytea[]
    ) RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $body$
    BEGIN
      IF cardinality(tenants) <> cardinality(streams)
        OR NOT (starting <@ streams AND ending <@ streams AND key_streams <@ streams)
        OR EXISTS (
          SELECT FROM unnest(tenants, streams) AS new(t, s) WHERE t = '' OR split_part(s, '/', 1) IS DISTINCT FROM t
        ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a fact belongs to the tenant that is acted for';
      END IF;
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
  -- The one before it serves programs from before there were logins, which act within the owner's own session. It goes
  -- with the last of them.
  EXECUTE format($ddl$
    CREATE OR REPLACE FUNCTION public.%1$I(
      streams text[], versions bigint[], topics text[], states bytea[],
      starting text[], ending text[], process text, lease_s float8,
      key_streams text[], wrapped bytea[]
    ) RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $body$
    BEGIN
      IF NOT pg_has_role(session_user, current_user, 'MEMBER') THEN
        RAISE insufficient_privilege USING MESSAGE = 'an append says for which tenants it acts';
      END IF;
      RETURN QUERY SELECT public.%1$I(
        ARRAY(SELECT split_part(s, '/', 1) FROM unnest(streams) WITH ORDINALITY AS new(s, n) ORDER BY n),
        streams, versions, topics, states, starting, ending, process, lease_s, key_streams, wrapped);
    END $body$
  $ddl$, name || '_append');
  EXECUTE format(
    'REVOKE ALL ON FUNCTION public.%1$I(text[],text[],int8[],text[],bytea[],text[],text[],text,float8,text[],bytea[])
     FROM PUBLIC', name || '_append');
  EXECUTE format(
    'GRANT EXECUTE ON FUNCTION public.%1$I(text[],text[],int8[],text[],bytea[],text[],text[],text,float8,text[],bytea[])
     TO colloquy_writer', name || '_append');
END $lane$;
REVOKE ALL ON FUNCTION create_lane FROM PUBLIC;

-- Leases are of processes: whoever writes facts keeps them.
GRANT SELECT, UPDATE ON running_turns TO colloquy_writer;
CREATE POLICY all_tenants_leases ON running_turns TO colloquy_writer USING (true);

-- Where a lane ends, which is no tenant's secret.
CREATE FUNCTION lane_head(lane int) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head bigint;
BEGIN
  EXECUTE format('SELECT coalesce(max(notification_id), 0) FROM public.%I', 'events_' || lane) INTO head;
  RETURN head;
END $$;
REVOKE ALL ON FUNCTION lane_head FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lane_head TO colloquy_app, colloquy_worker;

-- Tool SQL is asked as the tenant's own role, which only this login can become.
GRANT SELECT ON datasets TO colloquy_tools;
CREATE POLICY one_tenant_asks ON datasets FOR SELECT TO colloquy_tools
  USING (tenant = nullif(current_setting('app.tenant', true), ''));
DO $$
DECLARE
  own text;
BEGIN
  FOR own IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^colloquy_data_[0-9a-f]{32}$' LOOP
    EXECUTE format('GRANT %I TO colloquy_tools WITH INHERIT FALSE, SET TRUE', own);
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION provision_datasets(tenant text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own text := 'colloquy_data_' || replace(tenant, '-', '');
BEGIN
  IF tenant !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    OR tenant IS DISTINCT FROM nullif(current_setting('app.tenant', true), '') THEN
    RAISE insufficient_privilege USING MESSAGE = 'a dataset belongs to the tenant of the transaction';
  END IF;
  IF NOT EXISTS (SELECT FROM public.tenant_keys AS known WHERE known.tenant = provision_datasets.tenant) THEN
    RAISE insufficient_privilege USING MESSAGE = 'there is no such tenant';
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
  IF NOT pg_has_role('colloquy_tools', own, 'SET') THEN
    EXECUTE format('GRANT %I TO colloquy_tools WITH INHERIT FALSE, SET TRUE', own);
  END IF;
  EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', own);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, colloquy_app', own, own);
  RETURN own;
END $$;

-- Partitions are made for the tenant of the transaction, and only for one that there is.
CREATE OR REPLACE FUNCTION provision_corpus(tenant text, dimensions int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  suffix text := replace(tenant, '-', '');
BEGIN
  IF tenant !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    OR tenant IS DISTINCT FROM nullif(current_setting('app.tenant', true), '') THEN
    RAISE insufficient_privilege USING MESSAGE = 'a corpus belongs to the tenant of the transaction';
  END IF;
  IF NOT EXISTS (SELECT FROM public.tenant_keys AS known WHERE known.tenant = provision_corpus.tenant) THEN
    RAISE insufficient_privilege USING MESSAGE = 'there is no such tenant';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('provision_corpus', 0));
  IF to_regclass('public.postings_' || suffix) IS NOT NULL THEN
    RETURN;
  END IF;
  INSERT INTO public.corpora (tenant) VALUES (provision_corpus.tenant) ON CONFLICT DO NOTHING;
  EXECUTE format($ddl$
    CREATE TABLE public.passages_%1$s (LIKE public.passages INCLUDING STORAGE, PRIMARY KEY (passage),
      CHECK (tenant = %2$L)) WITH (toast_tuple_target = 128);
    CREATE INDEX ON public.passages_%1$s (document_id);
    CREATE INDEX ON public.passages_%1$s USING hnsw ((embedding::public.halfvec(%3$s)) public.halfvec_cosine_ops);
    ALTER TABLE public.passages ATTACH PARTITION public.passages_%1$s FOR VALUES IN (%2$L);
    CREATE TABLE public.postings_%1$s (LIKE public.postings, CHECK (tenant = %2$L))
      WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
    CREATE UNIQUE INDEX ON public.postings_%1$s (term, passage) INCLUDE (tenant, frequency, length);
    CREATE INDEX ON public.postings_%1$s (passage);
    ALTER TABLE public.postings ATTACH PARTITION public.postings_%1$s FOR VALUES IN (%2$L);
  $ddl$, suffix, tenant, dimensions);
END $$;

-- Streams that a read model cannot follow are their tenant's; how many there are is nobody's secret.
SET ROLE colloquy_worker;
ALTER TABLE projections.parked_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON projections.parked_events TO colloquy_worker USING (true) WITH CHECK (true);
CREATE POLICY one_tenant ON projections.parked_events FOR SELECT TO colloquy_app
  USING (split_part(stream, '/', 1) = nullif(current_setting('app.tenant', true), ''));
CREATE FUNCTION projections.count_parked(of_name text, of_generation int, of_lane int) RETURNS bigint LANGUAGE sql
  STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FROM projections.parked_events WHERE name = of_name AND generation = of_generation AND lane = of_lane
$$;
REVOKE ALL ON FUNCTION projections.count_parked FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projections.count_parked TO colloquy_app;
RESET ROLE;

-- migrate:down

SET ROLE colloquy_worker;
DROP FUNCTION projections.count_parked;
DROP POLICY one_tenant ON projections.parked_events;
DROP POLICY all_tenants ON projections.parked_events;
ALTER TABLE projections.parked_events NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
RESET ROLE;
DROP POLICY one_tenant_asks ON datasets;
REVOKE SELECT ON datasets FROM colloquy_tools;
DROP FUNCTION lane_head;
DROP POLICY all_tenants_leases ON running_turns;
REVOKE SELECT, UPDATE ON running_turns FROM colloquy_writer;
DROP FUNCTION create_lane(int);
ALTER FUNCTION create_told_lane(int) RENAME TO create_lane;
DROP FUNCTION provision_login, draw_login;
DROP TABLE logins;
REVOKE USAGE ON SCHEMA public FROM colloquy_writer, colloquy_tools;
