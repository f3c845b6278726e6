"""What is known of a tenant's documents: the half of the corpus that only reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.database_transactions import Pool, one_statement, tenant_transaction
from application.acting_tenant import acting_tenant
from application.ports.documents.corpus import DocumentRow, Status
from application.ports.facts.keys import Sealer
from application.unsealing import unseal_if_whole
from domain.tenant.readable import ONLY_OPEN

FIELDS = {
    field: field
    for field in ("document_id", "title", "status", "reason", "passages", "media_type", "size", "created_at",
                  "warnings", "encoding", "collection", "version", "replaced_at", "embedded", "to_embed")
} | {"claimed": "attempt > 0"}  # fmt: skip
ROW = ", ".join(FIELDS.values())
PAGE = f"""
SELECT {ROW} FROM documents
WHERE tenant = %s AND document_id < coalesce(%s::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  AND (%s::text IS NULL OR status = %s) AND collection = ANY (%s) AND replaced_at IS NULL
ORDER BY document_id DESC LIMIT %s
"""


class Documents:
    """Titles and texts are unsealed on the way out; one whose key was shredded comes empty."""

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self._pool, self._sealer = pool, sealer

    async def fetch(self, tenant: str, document_id: str) -> DocumentRow | None:
        """See `application/ports/documents/corpus.py`."""
        rows = await self._rows(
            tenant, f"SELECT {ROW} FROM documents WHERE tenant = %s AND document_id = %s", (tenant, document_id)
        )
        return rows[0] if rows else None

    async def fetch_text(self, tenant: str, document_id: str) -> str | None:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(
                "SELECT body FROM documents WHERE tenant = %s AND document_id = %s", (tenant, document_id)
            )
            row = await cursor.fetchone()
        if row is None or row[0] is None:
            return None
        plain = await self._sealer.unseal(stream_of(tenant, document_id), row[0], "text")
        return plain.decode() if plain is not None else None

    async def page(
        self,
        tenant: str,
        *,
        after: str | None,
        limit: int,
        status: Status | None = None,
        collections: Sequence[str] = ONLY_OPEN,
    ) -> list[DocumentRow]:
        """See `application/ports/documents/corpus.py`."""
        return await self._rows(tenant, PAGE, (tenant, after, status, status, list(collections), limit))

    async def version(self, tenant: str) -> int:
        """See `application/ports/documents/corpus.py`."""
        return await self._count(tenant, "version")

    async def count_passages(self, tenant: str) -> int:
        """See `application/ports/documents/corpus.py`."""
        return await self._count(tenant, "passages")

    async def _rows(self, tenant: str, statement: str, parameters: tuple[Any, ...]) -> list[DocumentRow]:
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(statement, parameters)
            rows = await cursor.fetchall()
        await self._sealer.unlock([stream_of(tenant, str(row[0])) for row in rows])
        return [await self._row(tenant, row) for row in rows]

    async def _row(self, tenant: str, row: tuple[Any, ...]) -> DocumentRow:
        read = dict(zip(FIELDS, row, strict=True))
        id = str(read["document_id"])
        title = await unsealed_title(self._sealer, tenant, id, read["title"])
        return DocumentRow(**read | {"document_id": id, "title": title, "warnings": tuple(read["warnings"])})

    async def _count(self, tenant: str, column: str) -> int:
        async with one_statement(self._pool) as connection:
            cursor = await connection.execute(
                f"SELECT {column} FROM read_corpus(%s, %s)", (acting_tenant(tenant), tenant)
            )
            row = await cursor.fetchone()
        return int(row[0]) if row else 0


def stream_of(tenant: str, document_id: str) -> str:
    """The stream whose key seals a document."""
    return f"{tenant}/document/{document_id}"


async def unsealed_title(sealer: Sealer, tenant: str, document_id: str, sealed: bytes) -> str:
    """A document's title; empty when its key is gone, or it is damaged."""
    plain = await unseal_if_whole(sealer, stream_of(tenant, document_id), sealed, "title")
    return plain.decode() if plain is not None else ""
