"""Calls of one function by many callers at once: those that wait share a round trip, and few connections serve all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg
from psycopg.abc import QueryNoTemplate

from adapters.postgres.pool import Pool, one_statement
from domain.refusals import DependencyUnavailable, Overloaded

TRIPS = 3
"""At the same time: enough to keep the server busy while one batch is on its way."""
MOST_A_TRIP = 16
MOST_WAITING = 5_000
Row = tuple[Any, ...]


class Waiting(msgspec.Struct):
    """One caller's parameters, and where its rows go."""

    parameters: Mapping[str, Any]
    rows: asyncio.Future[list[Row]]


class SharedTrips:
    """One statement, which must call a function that says itself for which tenant it is: a batch is one transaction.

    A busy event loop comes to each connection once a round; alone on its connection each call would take a few rounds,
    and with more callers than connections all of them in a row."""

    def __init__(self, pool: Pool, statement: QueryNoTemplate) -> None:
        self._pool, self._statement = pool, statement
        self._waiting: deque[Waiting] = deque()
        self._trips: set[asyncio.Task[None]] = set()
        self._under_way = 0

    async def call(self, parameters: Mapping[str, Any]) -> list[Row]:
        """The function's rows. `DependencyUnavailable` when the database is away, `Overloaded` when too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            raise Overloaded(retry_after_s=1)
        waiting = Waiting(parameters, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._under_way < TRIPS:
            self._under_way += 1
            trip = asyncio.create_task(self._travel())
            self._trips.add(trip)
            trip.add_done_callback(self._trips.discard)
        return await waiting.rows

    async def _travel(self) -> None:
        """Serve batches until nobody waits."""
        batch: list[Waiting] = []
        try:
            while batch := self._next_batch():
                try:
                    async with one_statement(self._pool) as connection:
                        await self._serve(connection, batch)
                except Exception as error:
                    _fail(batch, error)
        finally:
            self._under_way -= 1  # before anybody else runs: the next caller must not count on this trip
            _fail(batch, DependencyUnavailable("The process is stopping."))

    def _next_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        while self._waiting and len(batch) < MOST_A_TRIP:
            waiting = self._waiting.popleft()
            if not waiting.rows.done():  # a caller that left
                batch.append(waiting)
        return batch

    async def _serve(self, connection: psycopg.AsyncConnection[Row], batch: list[Waiting]) -> None:
        try:
            answers = await self._ask(connection, batch)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except psycopg.Error as error:
            if len(batch) == 1:
                return _fail(batch, error)
            for waiting in batch:  # one is guilty: the others are answered
                await self._serve(connection, [waiting])
            return None
        for waiting, rows in zip(batch, answers, strict=True):
            if not waiting.rows.done():
                waiting.rows.set_result(rows)
        return None

    async def _ask(self, connection: psycopg.AsyncConnection[Row], batch: list[Waiting]) -> list[list[Row]]:
        if len(batch) == 1:
            cursor = await connection.execute(self._statement, batch[0].parameters, prepare=True)
            return [await cursor.fetchall()]
        async with connection.cursor() as cursor:
            await cursor.executemany(self._statement, [waiting.parameters for waiting in batch], returning=True)
            return [await answer.fetchall() async for answer in cursor.results()]


def _fail(batch: list[Waiting], error: BaseException) -> None:
    for waiting in batch:
        if not waiting.rows.done():
            waiting.rows.set_exception(error)
            waiting.rows.exception()  # a caller that left does not read it
