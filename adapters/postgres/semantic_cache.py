"""`SemanticCache` in PostgreSQL with pgvector: the vectors of a scope are read exactly, for a tenant keeps few."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.database_transactions import Pool, one_statement, tenant_transaction
from adapters.postgres.half_vectors import half_vector
from application.acting_tenant import acting_tenant
from application.ports.models.answer_cache import CacheEntry, Similar

MOST = 5_000
"""Entries of a tenant; a scope's are read exactly, 512 dimensions of all of them in some milliseconds."""


class PostgresSemanticCache:
    """See `application.ports.models.answer_cache.SemanticCache`. `pool` comes from `open_pool`; one round trip a
    call."""

    def __init__(self, pool: Pool, *, most: int = MOST) -> None:
        self._pool = pool
        self._most = most

    async def nearest(
        self, tenant: str, scope: bytes, vector: Sequence[float], *, at_least: float, limit: int
    ) -> list[Similar]:
        """By exact distance, so that no neighbour of another scope can hide one of this."""
        async with one_statement(self._pool) as connection:
            cursor = await connection.execute(
                "SELECT * FROM nearest_answers(%s, %s, %s, %s::halfvec, %s, %s)",
                (acting_tenant(tenant), tenant, scope, half_vector(vector), at_least, limit),
            )
            rows = await cursor.fetchall()
        return [Similar(similarity, CacheEntry(stream, turn, sealed)) for similarity, stream, turn, sealed in rows]

    async def put(
        self, tenant: str, scope: bytes, key: bytes, vector: Sequence[float], entry: CacheEntry, ttl_s: int
    ) -> None:
        """See `application/ports/models/answer_cache.py`."""
        if ttl_s <= 0:
            return
        answer = (entry.stream, entry.turn, entry.sealed, ttl_s, self._most)
        row = (acting_tenant(tenant), tenant, scope, key, half_vector(vector), *answer)
        async with one_statement(self._pool) as connection:
            await connection.execute("SELECT keep_answer(%s, %s, %s, %s, %s::halfvec, %s, %s, %s, %s, %s)", row)

    async def evict(self, tenant: str, turn: str) -> None:
        """See `application/ports/models/answer_cache.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute("DELETE FROM cached_answers WHERE tenant = %s AND turn_id = %s", (tenant, turn))

    async def forget(self, stream: str) -> None:
        """See `application/ports/models/answer_cache.py`."""
        tenant = stream.partition("/")[0]
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute("DELETE FROM cached_answers WHERE tenant = %s AND stream = %s", (tenant, stream))
