-- migrate:up

-- A document is one version of the file that is known by its name (a keyed hash; none for a file that replaces nothing).
-- `lineage` is the first of its versions. One that was replaced can be opened, and is found no more. Each is in one
-- collection at most; the empty name is none.
ALTER TABLE documents
  ADD COLUMN collection  text NOT NULL DEFAULT '',
  ADD COLUMN name        bytea,
  ADD COLUMN lineage     uuid,
  ADD COLUMN version     int NOT NULL DEFAULT 1,
  ADD COLUMN replaced_at timestamptz,
  ADD COLUMN embedded    int NOT NULL DEFAULT 0,
  ADD COLUMN to_embed    int NOT NULL DEFAULT 0;
CREATE INDEX documents_named ON documents (tenant, name) WHERE name IS NOT NULL;
CREATE INDEX documents_versions ON documents (tenant, lineage) WHERE lineage IS NOT NULL;
CREATE INDEX documents_collected ON documents (tenant, collection) WHERE collection <> '';

-- Notes a file as a pending document, unless the tenant has one that holds the same: the id of whichever it is, and, where
-- the tenant has another file under the name, whose next version it is. The content hash of an earlier version is told
-- apart by its id, so that a file can come back to what it was.
CREATE FUNCTION register_document(
  of_tenant text, id uuid, sealed_title bytea, hash bytea, named bytea, into_collection text, media text, bytes bigint,
  OUT registered uuid, OUT replaces uuid
) LANGUAGE plpgsql AS $$
DECLARE
  latest documents;
BEGIN
  IF named IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('register_document' || of_tenant, hashtext(encode(named, 'hex'))));
    SELECT * INTO latest FROM documents
    WHERE tenant = of_tenant AND name = named AND collection = into_collection ORDER BY version DESC LIMIT 1;
  END IF;
  IF latest.document_id IS NULL THEN
    INSERT INTO documents AS known
      (tenant, document_id, title, content_hash, media_type, size, claimable_at, collection, name, lineage)
    VALUES (of_tenant, id, sealed_title, hash, media, bytes, now() + interval '1 minute', into_collection, named, id)
    ON CONFLICT (tenant, content_hash) DO UPDATE SET size = excluded.size RETURNING known.document_id INTO registered;
    RETURN;
  END IF;
  IF latest.content_hash IN (hash, hash || uuid_send(latest.document_id)) THEN
    registered := latest.document_id;
    RETURN;
  END IF;
  UPDATE documents SET content_hash = content_hash || uuid_send(document_id)
  WHERE tenant = of_tenant AND lineage = latest.lineage AND octet_length(content_hash) = octet_length(hash);
  registered := id;
  replaces := latest.document_id;
  FOR attempt IN 0..1 LOOP
    INSERT INTO documents
      (tenant, document_id, title, content_hash, media_type, size, claimable_at, collection, name, lineage, version)
    VALUES (of_tenant, id, sealed_title, CASE attempt WHEN 0 THEN hash ELSE hash || uuid_send(id) END, media, bytes,
      now() + interval '1 minute', into_collection, named, latest.lineage, latest.version + 1)
    ON CONFLICT (tenant, content_hash) DO NOTHING;
    EXIT WHEN FOUND;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION register_document FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_document TO colloquy_app;

-- migrate:down

DROP FUNCTION register_document;
ALTER TABLE documents
  DROP COLUMN collection, DROP COLUMN name, DROP COLUMN lineage, DROP COLUMN version, DROP COLUMN replaced_at,
  DROP COLUMN embedded, DROP COLUMN to_embed;
