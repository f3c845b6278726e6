-- migrate:up

SET ROLE colloquy_worker;

-- As before, the newest first: what is new is told, however much has long been known.
CREATE OR REPLACE FUNCTION projections.troubles(most int) RETURNS TABLE (tenant text, cause text, at timestamptz)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('app.tenant', true) IS DISTINCT FROM '_platform' THEN
    RAISE insufficient_privilege USING MESSAGE = 'troubles are listed in the platform''s own tenant';
  END IF;
  RETURN QUERY SELECT * FROM (
    SELECT c.tenant, 'tampering_found', c.at FROM public.audit_checks c WHERE NOT c.ok
    UNION ALL
    SELECT split_part(p.stream, '/', 1), 'facts_parked', min(p.at)
    FROM projections.parked_events p JOIN projections.generations g USING (name, generation)
    WHERE g.live GROUP BY split_part(p.stream, '/', 1), date_trunc('day', p.at, 'UTC')
  ) AS known (of_tenant, what, since) ORDER BY since DESC LIMIT most;
END $$;

RESET ROLE;

-- migrate:down
