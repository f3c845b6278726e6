"""Documents that become findable at the same time share a transaction, one for each of their tenants."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from adapters.database_transactions import Pool, tenant_transaction
from adapters.postgres.document_versions import take_places
from adapters.postgres.indexing import IndexedDocument, lock_corpus
from adapters.sharing import Batcher
from application.acting_tenant import acting_for, acting_tenant
from application.keyed_words import WORDS_VERSION

TRIPS = 1
"""Two would wait for each other wherever they are of one tenant, each with half of what waits."""
MOST_A_TRIP = 64
PASSAGES_A_TRIP = 400
"""Of several documents; one alone may have more."""
LARGE = 100
"""Passages of a document that nobody else's has to wait for: such ones travel by themselves, beside the others."""
NUMBER_BYTES, TERM_BYTES, ROW_BYTES = 4, 120, 200
"""About what a number of a vector, a word and a row take in memory."""


class SharedIndexing(Batcher[IndexedDocument, bool]):
    """`add` makes a document findable. A transaction a document costs more than its rows do, and those of one tenant
    would wait for each other: the corpus is locked from the first statement to the commit."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(TRIPS)
        self._pool = pool

    async def add(self, document: IndexedDocument) -> bool:
        """Whether it was still waiting. `DependencyUnavailable` when the database is away."""
        acting_tenant(document.tenant)  # before anything waits: the trip itself is made by whoever comes first
        return await self.call(document)

    def size(self, asked: IndexedDocument) -> int:
        """See `Batcher`."""
        return len(asked.body) + sum(
            ROW_BYTES + len(one.sealed) + NUMBER_BYTES * len(one.vector) + TERM_BYTES * len(one.terms)
            for one in asked.passages
        )

    def fits(self, batch: Sequence[IndexedDocument], asked: IndexedDocument) -> bool:
        """See `Batcher`."""
        passages = sum(len(document.passages) for document in batch)
        return len(batch) < MOST_A_TRIP and passages + len(asked.passages) <= PASSAGES_A_TRIP

    def is_item_error(self, error: Exception) -> bool:
        """See `Batcher`."""
        return isinstance(error, psycopg.Error)

    async def send_batch(self, batch: Sequence[IndexedDocument]) -> Sequence[bool]:
        """See `Batcher`. What one tenant's transaction has stored stays when another's fails: sent again alone, such a
        document is found indexed, which is all that its caller wants."""
        outcome: dict[int, bool] = {}
        for tenant in dict.fromkeys(document.tenant for document in batch):
            places = [place for place, document in enumerate(batch) if document.tenant == tenant]
            own = [batch[place] for place in places]
            with acting_for(tenant):
                async with tenant_transaction(self._pool, tenant) as connection:
                    await lock_corpus(connection, tenant)
                    indexed = await take_places(connection, tenant, own, WORDS_VERSION)
            outcome |= dict(zip(places, indexed, strict=True))
        return [outcome[place] for place in range(len(batch))]
