-- migrate:up

SET ROLE colloquy_worker;

-- How the loops of each process behind are, said by itself every few seconds: one that ends in order takes its row with
-- it, one that is killed leaves a row that grows old. No tenant's secret, as positions are none.
CREATE TABLE projections.background (
  process text PRIMARY KEY CHECK (length(process) <= 200),
  job     text NOT NULL CHECK (length(job) <= 50),
  loops   jsonb NOT NULL,
  at      timestamptz NOT NULL DEFAULT now()
);
-- By default whoever answers may read what is in this schema, and refuses a table that shows rows of all tenants.
REVOKE ALL ON projections.background FROM colloquy_app;
CREATE FUNCTION projections.heard(most int) RETURNS TABLE (job text, loops jsonb, silent_s float8) LANGUAGE sql
  STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.job, b.loops, extract(epoch FROM now() - b.at)::float8 FROM projections.background b
  ORDER BY b.at DESC LIMIT most
$$;
REVOKE ALL ON FUNCTION projections.heard FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projections.heard TO colloquy_app;

RESET ROLE;

-- migrate:down

SET ROLE colloquy_worker;
DROP FUNCTION projections.heard;
DROP TABLE projections.background;
RESET ROLE;
