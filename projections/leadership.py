"""One at a time: a session advisory lock on a connection of its own, which ends with the process or the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol

import psycopg

from application.tasks import pause
from domain.refusals import DependencyUnavailable

TRY_S = 0.5
CHECK_S = 3.0


class Leader(Protocol):
    """Proof of being the only one, as long as `check` says so."""

    async def check(self) -> None:
        """`DependencyUnavailable` when that is no longer sure."""
        ...


Lead = Callable[[str, asyncio.Event], AbstractAsyncContextManager[Leader | None]]
"""Waits until nobody else leads what is named, then leads; None when the stop came first."""


def leading(database_url: str) -> Lead:
    """Leads by locks of that database."""
    return partial(leadership, database_url)


class AdvisoryLock:
    """The lock that is held."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def check(self) -> None:
        """See `Leader`: the lock goes with its connection."""
        try:
            async with asyncio.timeout(CHECK_S):
                await self._connection.execute("SELECT 1")
        except (psycopg.Error, TimeoutError) as error:
            raise DependencyUnavailable("The connection that holds the lead is lost.") from error


@asynccontextmanager
async def leadership(database_url: str, what: str, stop: asyncio.Event) -> AsyncIterator[Leader | None]:
    """Wait until nobody else leads `what`, then lead; None when `stop` came first. The URL leads to PostgreSQL itself,
    not to a pooler in transaction mode; its role's settings let the server notice within seconds that a leader's
    machine is gone."""
    try:
        connection = await psycopg.AsyncConnection.connect(
            database_url,
            autocommit=True,
            connect_timeout=5,
            tcp_user_timeout=10_000,
            application_name=f"colloquy-{what}"[:60],
        )
    except psycopg.Error as error:
        raise DependencyUnavailable("The database does not answer.") from error
    try:
        yield AdvisoryLock(connection) if await _lead(connection, what, stop) else None
    finally:
        await connection.close()


async def _lead(connection: psycopg.AsyncConnection[Any], what: str, stop: asyncio.Event) -> bool:
    while not stop.is_set():
        try:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (what,))
            row = await cursor.fetchone()
        except psycopg.Error as error:
            raise DependencyUnavailable("The database does not answer.") from error
        if row and row[0]:
            return True
        await pause(stop, TRY_S)
    return False
