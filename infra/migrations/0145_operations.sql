-- migrate:up

SET ROLE colloquy_worker;

-- What follows from one command is found in the audit log by its correlation; generations that are made from now on have
-- this index from the start.
DO $$
DECLARE
  old text;
BEGIN
  FOR old IN SELECT tablename FROM pg_tables WHERE schemaname = 'projections' AND tablename ~ '^audit_events_[0-9]+$' LOOP
    EXECUTE format('CREATE INDEX ON projections.%I (tenant, correlation_id, position)', old);
  END LOOP;
END $$;

-- What an operator asks of the process that projects: to build a read model anew, or to try a parked stream again.
-- Whoever works on one says so in `beat_at`; an order whose worker has gone silent is taken again.
CREATE TABLE projections.orders (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  what     text NOT NULL CHECK (what IN ('rebuild', 'retry')),
  name     text NOT NULL CHECK (length(name) <= 100),
  stream   text NOT NULL DEFAULT '' CHECK (length(stream) <= 300),
  asked_by text NOT NULL CHECK (length(asked_by) <= 300),
  asked_at timestamptz NOT NULL DEFAULT now(),
  beat_at  timestamptz,
  ended_at timestamptz,
  outcome  text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX orders_one_open ON projections.orders (what, name, stream) WHERE ended_at IS NULL;

-- Operators act in the platform's own tenant, and only there may orders and parked streams be seen together.
ALTER TABLE projections.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON projections.orders TO colloquy_worker USING (true) WITH CHECK (true);
CREATE POLICY platform ON projections.orders FOR SELECT TO colloquy_app
  USING (current_setting('app.tenant', true) = '_platform');

-- An order; the one that is open already when there is one. No more than a hundred wait, and old ones go.
CREATE FUNCTION projections.place_order(of_what text, of_name text, of_stream text, by_whom text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  placed bigint;
BEGIN
  IF current_setting('app.tenant', true) IS DISTINCT FROM '_platform' THEN
    RAISE insufficient_privilege USING MESSAGE = 'orders are placed in the platform''s own tenant';
  END IF;
  DELETE FROM projections.orders WHERE ended_at < now() - interval '7 days';
  IF (SELECT count(*) FROM projections.orders WHERE ended_at IS NULL) < 100 THEN
    INSERT INTO projections.orders (what, name, stream, asked_by) VALUES (of_what, of_name, of_stream, by_whom)
      ON CONFLICT DO NOTHING;
  END IF;
  SELECT id INTO placed FROM projections.orders
    WHERE what = of_what AND name = of_name AND stream = of_stream AND ended_at IS NULL;
  RETURN placed;
END $$;

-- Streams that a live read model cannot follow, after a place in the list. Why is the kind of the failure alone: what it
-- says may quote what somebody wrote.
CREATE FUNCTION projections.parked(after_name text, after_stream text, most int) RETURNS TABLE (
    name text, stream text, lane int, "position" bigint, version bigint, topic text, reason text, at timestamptz
  ) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('app.tenant', true) IS DISTINCT FROM '_platform' THEN
    RAISE insufficient_privilege USING MESSAGE = 'parked streams are listed in the platform''s own tenant';
  END IF;
  RETURN QUERY
    SELECT p.name, p.stream, p.lane, p.position, p.version, p.topic, substring(p.error FROM '^[A-Za-z]+'), p.at
    FROM projections.parked_events p JOIN projections.generations g USING (name, generation)
    WHERE g.live AND (p.name, p.stream) > (after_name, after_stream) ORDER BY p.name, p.stream LIMIT most;
END $$;
CREATE FUNCTION projections.is_parked(of_name text, of_stream text) RETURNS boolean LANGUAGE sql
  STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT current_setting('app.tenant', true) = '_platform' AND EXISTS (
    SELECT FROM projections.parked_events p JOIN projections.generations g USING (name, generation)
    WHERE g.live AND p.name = of_name AND p.stream = of_stream)
$$;
REVOKE ALL ON FUNCTION projections.place_order, projections.parked, projections.is_parked FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projections.place_order, projections.parked, projections.is_parked TO colloquy_app;

RESET ROLE;

-- migrate:down

SET ROLE colloquy_worker;
DROP FUNCTION projections.is_parked, projections.parked;
DROP FUNCTION projections.place_order;
DROP TABLE projections.orders;
RESET ROLE;
