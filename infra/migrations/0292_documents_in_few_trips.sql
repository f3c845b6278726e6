-- migrate:up

-- What waits of each tenant, in the order in which it is claimed.
CREATE INDEX documents_waiting ON documents (tenant, claimable_at, document_id) WHERE status = 'pending';

-- What an upload says of its document, in a round trip each, and many uploads together. They run as their caller.

-- As register_document, for the tenant that is acted for.
CREATE FUNCTION enter_document(
  acting text, of_tenant text, id uuid, sealed_title bytea, hash bytea, named bytea, into_collection text, media text,
  bytes bigint, OUT registered uuid, OUT replaces uuid
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM act_for(acting, of_tenant);
  SELECT r.registered, r.replaces INTO registered, replaces
  FROM register_document(of_tenant, id, sealed_title, hash, named, into_collection, media, bytes) AS r;
END $$;

-- It may be claimed now. A crash of the database may forget it, and then it is claimed when its minute is over.
CREATE FUNCTION announce_document(acting text, of_tenant text, id uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM act_for(acting, of_tenant), set_config('synchronous_commit', 'off', true);
  UPDATE documents SET claimable_at = now() WHERE tenant = of_tenant AND document_id = id;
  PERFORM pg_notify('documents_pending', '');
END $$;

REVOKE ALL ON FUNCTION enter_document, announce_document FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_document, announce_document TO colloquy_app;

-- migrate:down

DROP FUNCTION announce_document, enter_document;
DROP INDEX documents_waiting;
