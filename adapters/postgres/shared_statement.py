"""Calls of one function by many callers at once: those that wait share a round trip, and few connections serve all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.abc import QueryNoTemplate

from adapters.database_transactions import OnePool, Pool, one_statement, pool_of
from adapters.sharing import Batcher

TRIPS = 3
"""At the same time: enough to keep the server busy while one batch is on its way."""
MOST_A_TRIP = 16
WORD = 8
Parameters = Mapping[str, Any]
Rows = list[tuple[Any, ...]]


class SharedStatement(Batcher[Parameters, Rows]):
    """One statement, which must call a function that says itself for which tenant it is (its caller's, for the trip may
    be made by another caller's task): a batch is one transaction.
    `call` gives its rows; `DependencyUnavailable` when the database is away.

    A busy event loop comes to each connection once a round; alone on its connection each call would take a few rounds,
    and with more callers than connections all of them in a row."""

    def __init__(self, pool: Pool, statement: QueryNoTemplate) -> None:
        super().__init__(TRIPS)
        self._pool, self._statement = pool, statement
        self._of: dict[OnePool, SharedStatement] = {}

    async def call(self, asked: Parameters) -> Rows:
        """See `Batcher`. Where there are several databases, those travel together who go to the same."""
        one = await pool_of(self._pool)
        if one is self._pool:
            return await super().call(asked)
        if one not in self._of:
            self._of[one] = SharedStatement(one, self._statement)
        return await self._of[one].call(asked)

    def size(self, asked: Parameters) -> int:
        """See `Batcher`. What has no length is a number."""
        return sum(WORD * len(value) if hasattr(value, "__len__") else WORD for value in asked.values())

    def fits(self, batch: Sequence[Parameters], asked: Parameters) -> bool:
        """See `Batcher`."""
        return len(batch) < MOST_A_TRIP

    def is_item_error(self, error: Exception) -> bool:
        """See `Batcher`."""
        return isinstance(error, psycopg.Error)

    async def send_batch(self, batch: Sequence[Parameters]) -> Sequence[Rows]:
        """See `Batcher`."""
        async with one_statement(self._pool) as connection:
            if len(batch) == 1:
                cursor = await connection.execute(self._statement, batch[0], prepare=True)
                return [await cursor.fetchall()]
            async with connection.cursor() as many:
                await many.executemany(self._statement, batch, returning=True)
                return [await answer.fetchall() async for answer in many.results()]
