-- migrate:up

-- A tenant's key has successors: after something was shredded all that was not is wrapped anew, and the key service
-- destroys the key before (ADR 0200). `epoch` counts them, `digest` is the key for keyed hashes, which stays, wrapped by
-- the latest; `due` is when something was shredded that a copy of this table still gives away; `replaced` are keys that
-- the key service has yet to destroy.
ALTER TABLE tenant_keys
  ADD COLUMN epoch int NOT NULL DEFAULT 0,
  ADD COLUMN digest bytea,
  ADD COLUMN due timestamptz,
  ADD COLUMN replaced bytea[] NOT NULL DEFAULT '{}';
GRANT UPDATE ON tenant_keys TO colloquy_app;

-- A stream's key that a replaced key wraps could never be opened again: whoever makes one is refused, at once, also while
-- keys are being replaced, and tries again with the new one. Nobody waits here, for a whole lane waits for its append.
CREATE FUNCTION refuse_replaced_keys() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT DISTINCT split_part(stream, '/', 1) FROM made WHERE wrapped IS NOT NULL LOOP
    IF NOT pg_try_advisory_xact_lock_shared(hashtextextended('keys of ' || name, 0)) THEN
      RAISE invalid_parameter_value USING MESSAGE = 'the keys of this tenant are being replaced';
    END IF;
  END LOOP;
  -- A statement of its own, so that it sees what was committed before the lock was had.
  IF EXISTS (
    SELECT FROM made JOIN public.tenant_keys AS held ON held.tenant = split_part(made.stream, '/', 1)
    WHERE made.wrapped IS NOT NULL AND held.epoch > 0
      AND (octet_length(made.wrapped) <> 64 OR substring(made.wrapped FROM 1 FOR 4) <> int4send(held.epoch))
  ) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'the key that wraps this one was replaced';
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION refuse_replaced_keys FROM PUBLIC;
CREATE TRIGGER only_by_the_latest AFTER INSERT ON stream_keys REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_replaced_keys();

-- migrate:down

DROP TRIGGER only_by_the_latest ON stream_keys;
DROP FUNCTION refuse_replaced_keys;
REVOKE UPDATE ON tenant_keys FROM colloquy_app;
ALTER TABLE tenant_keys DROP COLUMN epoch, DROP COLUMN digest, DROP COLUMN due, DROP COLUMN replaced;
