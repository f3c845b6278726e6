"""Documents as versions of what their name stands for: read again, moved together, each in the last one's place."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.database_transactions import tenant_transaction
from adapters.postgres.claims import CHANNEL
from adapters.postgres.documents import ROW, Documents
from adapters.postgres.indexing import (
    Connection,
    IndexedDocument,
    add_passages,
    columns_of,
    lock_corpus,
    remove_passages,
)
from application.ports.documents.corpus import DocumentRow

# A later version that was read before this one has its place already.
INDEXED = """
UPDATE documents AS d SET status = 'indexed', reason = NULL, title = read.title, body = read.body,
  passages = read.passages, warnings = ARRAY(SELECT jsonb_array_elements_text(read.warnings::jsonb)),
  encoding = read.encoding, words_version = %(words)s,
  replaced_at = CASE WHEN EXISTS (
    SELECT FROM documents AS later WHERE later.tenant = d.tenant AND later.lineage = d.lineage
      AND later.version > d.version AND later.body IS NOT NULL
  ) THEN now() END
FROM unnest(%(documents)s::uuid[], %(titles)s::bytea[], %(texts)s::bytea[], %(counts)s::int[], %(warnings)s::text[],
  %(encodings)s::text[]) AS read(document_id, title, body, passages, warnings, encoding)
JOIN (
  SELECT document_id, passages AS were FROM documents
  WHERE tenant = %(tenant)s AND document_id = ANY (%(documents)s::uuid[]) FOR UPDATE
) AS before USING (document_id)
WHERE d.tenant = %(tenant)s AND d.document_id = read.document_id AND d.status = 'pending'
RETURNING d.document_id, replaced_at IS NOT NULL, were
"""
REPLACED = """
UPDATE documents AS earlier SET replaced_at = now() FROM documents AS d
WHERE d.tenant = %(tenant)s AND d.document_id = ANY (%(latest)s::uuid[]) AND earlier.tenant = d.tenant
  AND earlier.lineage = d.lineage AND earlier.version < d.version AND earlier.replaced_at IS NULL
  AND (earlier.status <> 'pending' OR earlier.body IS NOT NULL) RETURNING earlier.document_id, earlier.passages
"""
FAILED = """
UPDATE documents SET status = CASE WHEN body IS NULL THEN 'failed' ELSE 'indexed' END,
  reason = CASE WHEN body IS NULL THEN %(reason)s::text END,
  warnings = CASE WHEN body IS NULL THEN warnings
    ELSE array_append(warnings, 'It could not be read again (' || %(reason)s || '): what was read before stays.') END
WHERE tenant = %(tenant)s AND document_id = %(document)s AND status = 'pending'
"""
REQUEUED = """
UPDATE documents SET status = 'pending', reason = NULL, attempt = 0, claimable_at = now(), embedded = 0, to_embed = 0
WHERE tenant = %s AND document_id = %s AND status <> 'pending' AND replaced_at IS NULL
"""
# As `register_document` does.
OF_ONE_NAME = "SELECT pg_advisory_xact_lock(hashtextextended('register_document' || %s, hashtext(%s)))"
KNOWN_BY = """
UPDATE documents AS d SET lineage = d.document_id, name = CASE WHEN NOT EXISTS (
  SELECT FROM documents AS other
  WHERE other.tenant = d.tenant AND other.name = %(name)s::bytea AND other.collection = d.collection
) THEN %(name)s::bytea END
WHERE d.tenant = %(tenant)s AND d.document_id = %(document)s AND d.lineage IS NULL
"""
PROGRESS = """
UPDATE documents SET embedded = %s, to_embed = %s WHERE tenant = %s AND document_id = %s AND status = 'pending'
"""
MOVED = """
UPDATE documents AS one SET collection = %(collection)s,
  content_hash = CASE WHEN octet_length(one.content_hash) > 32 THEN one.content_hash
    ELSE one.content_hash || uuid_send(one.document_id) END
FROM documents AS d
WHERE d.tenant = %(tenant)s AND d.document_id = %(document)s AND one.tenant = d.tenant
  AND coalesce(one.lineage, one.document_id) = coalesce(d.lineage, d.document_id) AND one.collection <> %(collection)s
"""
RAISED = "UPDATE corpora SET version = version + 1 WHERE tenant = %s"
TAKEN = """
SELECT earlier.document_id FROM documents AS d JOIN documents AS earlier USING (tenant, lineage)
WHERE tenant = %s AND d.document_id = %s AND d.replaced_at IS NULL AND d.body IS NOT NULL
  AND earlier.version < d.version AND earlier.replaced_at IS NOT NULL ORDER BY earlier.version
"""
BY_VERSION = f"""
SELECT {ROW} FROM documents
WHERE tenant = %s AND coalesce(lineage, document_id) = (
  SELECT coalesce(lineage, document_id) FROM documents WHERE tenant = %s AND document_id = %s
) ORDER BY version DESC LIMIT 1000
"""
HOLDS = "SELECT EXISTS (SELECT FROM documents WHERE tenant = %s AND collection <> '' AND collection = %s)"


class DocumentVersions(Documents):
    """What may become of a document after it was added; nothing of it needs to be opened for that."""

    async def requeue(self, tenant: str, document_id: str) -> None:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(REQUEUED, (tenant, document_id))
            await connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))

    async def know_by(self, tenant: str, document_id: str, name: bytes | None) -> None:
        """See `application/ports/corpus.py`. Nobody registers a file of the name meanwhile."""
        async with tenant_transaction(self._pool, tenant) as connection:
            if name is not None:
                await connection.execute(OF_ONE_NAME, (tenant, name.hex()))
            await connection.execute(KNOWN_BY, {"tenant": tenant, "document": document_id, "name": name})

    async def progress(self, tenant: str, document_id: str, embedded: int, to_embed: int) -> None:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(PROGRESS, (embedded, to_embed, tenant, document_id))

    async def move(self, tenant: str, document_id: str, collection: str) -> None:
        """See `application/ports/documents/corpus.py`. Its content was hashed for where it was: it has left that."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await lock_corpus(connection, tenant)
            await connection.execute(MOVED, {"tenant": tenant, "document": document_id, "collection": collection})
            await connection.execute(RAISED, (tenant,))

    async def replaced_by(self, tenant: str, document_id: str) -> list[str]:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(TAKEN, (tenant, document_id))
            return [str(row[0]) for row in await cursor.fetchall()]

    async def versions(self, tenant: str, document_id: str) -> list[DocumentRow]:
        """See `application/ports/documents/corpus.py`."""
        return await self._rows(tenant, BY_VERSION, (tenant, tenant, document_id))

    async def holds(self, tenant: str, collection: str) -> bool:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(HOLDS, (tenant, collection))
            row = await cursor.fetchone()
        return bool(row and row[0])


async def take_places(
    connection: Connection, tenant: str, documents: Sequence[IndexedDocument], words_version: int
) -> list[bool]:
    """Make documents of a tenant findable together that were just read, each in place of its earlier versions; the
    corpus is locked. Of each whether it waited to be."""
    read = columns_of(documents) | {"tenant": tenant, "words": words_version}
    found = await (await connection.execute(INDEXED, read)).fetchall()
    waited = {str(id) for id, _, _ in found}
    latest = {str(id) for id, overtaken, _ in found if not overtaken}
    replaced = await (await connection.execute(REPLACED, {"tenant": tenant, "latest": list(latest)})).fetchall()
    earlier = {str(id) for id, _ in replaced}
    gone = {str(id) for id, _, were in found if were} | {str(id) for id, passages in replaced if passages} - waited
    for id in sorted(gone):
        await remove_passages(connection, tenant, id)
    await add_passages(connection, tenant, [one for one in documents if one.document_id in latest - earlier])
    return [document.document_id in waited for document in documents]
