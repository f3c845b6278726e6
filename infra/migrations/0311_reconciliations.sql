-- migrate:up

-- What the last comparison of the whole ledger with the provider's log came to: one row. No tenant is in it.
CREATE TABLE reconciliations (
  one         boolean PRIMARY KEY DEFAULT true CHECK (one),
  until       timestamptz NOT NULL,
  found_usd   numeric NOT NULL,
  left_usd    numeric NOT NULL,
  unexplained bigint NOT NULL
);

CREATE FUNCTION note_reconciliation(until timestamptz, found_usd numeric, left_usd numeric, unexplained bigint)
  RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.reconciliations AS r VALUES (true, $1, $2, $3, $4)
  ON CONFLICT (one) DO UPDATE SET until = excluded.until, found_usd = excluded.found_usd,
    left_usd = excluded.left_usd, unexplained = excluded.unexplained
$$;
REVOKE ALL ON FUNCTION note_reconciliation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_reconciliation TO colloquy_worker;

CREATE FUNCTION last_reconciliation()
  RETURNS TABLE (until_s float8, found_usd float8, left_usd float8, unexplained bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT extract(epoch FROM until)::float8, found_usd::float8, left_usd::float8, unexplained FROM public.reconciliations
$$;
REVOKE ALL ON FUNCTION last_reconciliation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION last_reconciliation TO colloquy_app, colloquy_worker;

-- migrate:down

DROP FUNCTION last_reconciliation;
DROP FUNCTION note_reconciliation;
DROP TABLE reconciliations;
