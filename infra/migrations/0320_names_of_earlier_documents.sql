-- migrate:up

-- Documents that were stored before files were known by their names: the worker learns these.
CREATE INDEX documents_nameless ON documents (document_id) WHERE lineage IS NULL;
GRANT SELECT (lineage) ON documents TO colloquy_worker;

-- migrate:down

REVOKE SELECT (lineage) ON documents FROM colloquy_worker;
DROP INDEX documents_nameless;
