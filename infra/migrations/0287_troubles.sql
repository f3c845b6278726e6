-- migrate:up

SET ROLE colloquy_worker;

-- What tenants are told of by an incident: logs whose last check found something, and sessions that a read model cannot
-- follow, a day each. No content; for the platform alone.
CREATE FUNCTION projections.troubles(most int) RETURNS TABLE (tenant text, cause text, at timestamptz)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('app.tenant', true) IS DISTINCT FROM '_platform' THEN
    RAISE insufficient_privilege USING MESSAGE = 'troubles are listed in the platform''s own tenant';
  END IF;
  RETURN QUERY
    SELECT c.tenant, 'tampering_found', c.at FROM public.audit_checks c WHERE NOT c.ok
    UNION ALL
    SELECT split_part(p.stream, '/', 1), 'facts_parked', min(p.at)
    FROM projections.parked_events p JOIN projections.generations g USING (name, generation)
    WHERE g.live GROUP BY split_part(p.stream, '/', 1), date_trunc('day', p.at, 'UTC')
    LIMIT most;
END $$;
REVOKE ALL ON FUNCTION projections.troubles FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projections.troubles TO colloquy_app;

RESET ROLE;

-- migrate:down

SET ROLE colloquy_worker;
DROP FUNCTION projections.troubles;
RESET ROLE;
