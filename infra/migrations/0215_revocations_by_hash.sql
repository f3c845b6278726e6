-- migrate:up

-- Every process knows of every revocation, and by hashes alone: whose it is, and of what, can be recognised by whoever
-- has the token or the user before them, and read by nobody.
DROP FUNCTION revocations_since;
CREATE FUNCTION told_revocations(since timestamptz)
  RETURNS TABLE (tenant text, name text, kind text, before timestamptz, until timestamptz, lifted boolean,
    noted_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT encode(sha256(convert_to(tenant, 'UTF8')), 'hex'),
    encode(sha256(convert_to(tenant || '/' || kind || '/' || name, 'UTF8')), 'hex'),
    kind, before, until, lifted, noted_at
  FROM public.revocations WHERE noted_at > since AND until > now() ORDER BY noted_at
$$;
REVOKE ALL ON FUNCTION told_revocations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION told_revocations TO colloquy_app;

-- migrate:down

DROP FUNCTION told_revocations;
CREATE FUNCTION revocations_since(since timestamptz)
  RETURNS TABLE (tenant text, kind text, name text, before timestamptz, until timestamptz, lifted boolean,
    noted_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant, kind, name, before, until, lifted, noted_at FROM public.revocations
  WHERE noted_at > since AND until > now() ORDER BY noted_at
$$;
REVOKE ALL ON FUNCTION revocations_since FROM PUBLIC;
GRANT EXECUTE ON FUNCTION revocations_since TO colloquy_app;
