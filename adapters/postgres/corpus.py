"""`Corpus` in PostgreSQL with pgvector: sealed texts, keyed words, a partition a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from adapters.database_transactions import Pool, tenant_transaction
from adapters.postgres.document_versions import FAILED, DocumentVersions
from adapters.postgres.documents import stream_of, unsealed_title
from adapters.postgres.indexing import IndexedDocument, IndexedPassage, lock_corpus, remove_passages, replace_words
from adapters.postgres.placed_text import placed, with_place
from adapters.postgres.searching import EXACT_BELOW, MOST_POSTINGS, SEARCH, SearchLimits, rank_passages
from adapters.postgres.shared_indexing import LARGE, SharedIndexing
from adapters.postgres.shared_statement import SharedStatement
from application.acting_tenant import acting_tenant
from application.keyed_words import WORDS_VERSION, asked_of, blind, words_of
from application.ports.documents.corpus import NewDocument, NewPassage, Registered
from application.ports.facts.keys import Sealer
from application.unsealing import unseal_if_whole
from domain.session.events import Passage
from domain.tenant.readable import ONLY_OPEN

WORDS_KEY = b"the words of a corpus"
VERSION = "SELECT version FROM read_corpus(%(acting)s, %(tenant)s)"

REGISTER = """
SELECT registered, replaces FROM enter_document(
  %(acting)s, %(tenant)s, %(document)s, %(title)s, %(hash)s::bytea, %(name)s::bytea, %(collection)s, %(media_type)s,
  %(size)s)
"""
ANNOUNCE = "SELECT announce_document(%(acting)s, %(tenant)s, %(document)s)"
SEALED_WORDS = """
SELECT passage, starts, passages.body, title FROM passages JOIN documents USING (tenant, document_id)
WHERE tenant = %(tenant)s AND document_id = %(document)s
"""
REFRESHED = """
UPDATE documents SET words_version = %s
WHERE tenant = %s AND document_id = %s AND status = 'indexed' AND words_version < %s RETURNING true
"""


class PostgresCorpus(DocumentVersions):
    """`pool` sees one tenant a transaction; `dimensions` is the length of the vectors."""

    def __init__(
        self,
        pool: Pool,
        sealer: Sealer,
        *,
        dimensions: int,
        exact_below: int = EXACT_BELOW,
        most_postings: int = MOST_POSTINGS,
    ) -> None:
        super().__init__(pool, sealer)
        self._dimensions, self._limits = dimensions, SearchLimits(exact_below, most_postings)
        self._provisioned: set[str] = set()
        self._registers, self._announcements = SharedStatement(pool, REGISTER), SharedStatement(pool, ANNOUNCE)
        self._indexing, self._indexing_large = SharedIndexing(pool), SharedIndexing(pool)
        self._searches = SharedStatement(pool, SEARCH)
        self._versions = SharedStatement(pool, VERSION)

    async def provision(self, tenant: str) -> None:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute("SELECT provision_corpus(%s, %s)", (tenant, self._dimensions))
        self._provisioned.add(tenant)

    async def register(self, tenant: str, new: NewDocument) -> Registered:
        """See `application/ports/documents/corpus.py`."""
        if tenant not in self._provisioned:
            await self.provision(tenant)
        sealed = await self._sealer.seal(stream_of(tenant, new.document_id), new.title.encode(), "title")
        row = {
            "acting": acting_tenant(tenant), "tenant": tenant, "document": new.document_id, "title": sealed,
            "hash": new.content_hash, "name": new.name, "collection": new.collection, "media_type": new.media_type,
            "size": new.size,
        }  # fmt: skip
        [(registered, replaces)] = await self._registers.call(row)
        return Registered(str(registered), str(replaces or ""))

    async def announce(self, tenant: str, document_id: str) -> None:
        """See `application/ports/documents/corpus.py`."""
        await self._announcements.call({"acting": acting_tenant(tenant), "tenant": tenant, "document": document_id})

    async def index(
        self,
        tenant: str,
        document_id: str,
        *,
        title: str,
        text: str,
        passages: Sequence[NewPassage],
        warnings: tuple[str, ...] = (),
        encoding: str = "",
    ) -> bool:
        """See `application/ports/documents/corpus.py`. Every passage is also found by the words of the title."""
        stream = stream_of(acting_tenant(tenant), document_id)
        key = await self._sealer.digest(tenant, WORDS_KEY)
        title_words = _title_words(title)
        rows: list[IndexedPassage] = []
        for passage in passages:
            await asyncio.sleep(0)  # a long document must not hold up the others
            sealed = await self._sealer.seal(
                stream, with_place(passage.text, passage.place), f"passage:{passage.start}"
            )
            terms = blind(key, title_words + words_of(passage.text))
            rows.append(
                IndexedPassage(start=passage.start, end=passage.end, sealed=sealed, vector=passage.vector, terms=terms)
            )
        sealed_title = await self._sealer.seal(stream, title.encode(), "title")
        body = await self._sealer.seal(stream, text.encode(), "text")
        indexing = self._indexing if len(rows) < LARGE else self._indexing_large
        return await indexing.add(
            IndexedDocument(
                tenant=tenant,
                document_id=document_id,
                title=sealed_title,
                body=body,
                passages=rows,
                warnings=warnings,
                encoding=encoding,
            )
        )

    async def refresh_words(self, tenant: str, document_id: str) -> bool:
        """See `application/ports/documents/corpus.py`. What is damaged of it is found by no words."""
        stream = stream_of(tenant, document_id)
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(SEALED_WORDS, {"tenant": tenant, "document": document_id})
            sealed = await cursor.fetchall()
        key, terms = await self._sealer.digest(tenant, WORDS_KEY), []
        title = await unsealed_title(self._sealer, tenant, document_id, sealed[0][3]) if sealed else ""
        for id, start, body, _ in sealed:
            await asyncio.sleep(0)
            text = await unseal_if_whole(self._sealer, stream, body, f"passage:{start}")
            if text is not None:
                terms.append((id, blind(key, _title_words(title) + words_of(placed(text)[0]))))
        async with tenant_transaction(self._pool, tenant) as connection:
            await lock_corpus(connection, tenant)
            cursor = await connection.execute(REFRESHED, (WORDS_VERSION, tenant, document_id, WORDS_VERSION))
            if await cursor.fetchone() is None:
                return False
            await replace_words(connection, tenant, document_id, terms)
        return True

    async def fail(self, tenant: str, document_id: str, reason: str) -> None:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(FAILED, {"tenant": tenant, "document": document_id, "reason": reason})

    async def delete(self, tenant: str, document_id: str) -> bool:
        """See `application/ports/documents/corpus.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await lock_corpus(connection, tenant)
            cursor = await connection.execute(
                "DELETE FROM documents WHERE tenant = %s AND document_id = %s RETURNING true", (tenant, document_id)
            )
            if await cursor.fetchone() is None:
                return False
            await remove_passages(connection, tenant, document_id)
        return True

    async def version(self, tenant: str) -> int:
        """See `application/ports/documents/corpus.py`. Turns ask for it, many at once."""
        rows = await self._versions.call({"acting": acting_tenant(tenant), "tenant": tenant})
        return int(rows[0][0]) if rows else 0

    async def search(
        self,
        tenant: str,
        query: str,
        vector: Sequence[float] | None,
        k: int,
        collections: Sequence[str] = ONLY_OPEN,
    ) -> list[Passage]:
        """See `application/ports/documents/corpus.py`."""
        acting = acting_tenant(tenant)  # before anything waits: the trip itself is made by whoever comes first
        key, asked = await self._sealer.digest(acting, WORDS_KEY), asked_of(query)
        terms, names = blind(key, asked.words), blind(key, asked.names)
        rows = await rank_passages(self._searches, tenant, terms, names, vector, k, collections, limits=self._limits)
        await self._sealer.unlock([stream_of(tenant, str(row[1])) for row in rows])
        found = [await self._passage(tenant, *row) for row in rows]
        return [passage for passage in found if passage is not None]

    async def _passage(
        self, tenant: str, id: int, document: UUID, start: int, end: int, body: bytes, title: bytes, score: float
    ) -> Passage | None:
        """None when the document's key was shredded a moment ago, or it is damaged."""
        stream = stream_of(tenant, str(document))
        plain = await unseal_if_whole(self._sealer, stream, body, f"passage:{start}")
        if plain is None:
            return None
        text, place = placed(plain)
        return Passage(
            passage_id=str(id),
            document_id=str(document),
            title=await unsealed_title(self._sealer, tenant, str(document), title),
            text=text,
            start=start,
            end=end,
            score=score,
            page=place.page,
            row=place.row,
            heading=place.heading,
        )


def _title_words(title: str) -> list[str]:
    return words_of(title.rpartition(".")[0] or title)
