"""Connections to PostgreSQL that act as an unprivileged role, and transactions that see one tenant."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from domain.refusals import DependencyUnavailable

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

APP_ROLE, WORKER_ROLE = "colloquy_app", "colloquy_worker"
WAIT_S = 5.0
CHECK_AFTER_S = 2.0
STATEMENT_MS = 20_000
IDLE_MS = 5_000
"""A process that freezes inside a transaction must not hold its locks for longer."""


@asynccontextmanager
async def open_pool(database_url: str, *, max_size: int = 10) -> AsyncIterator[Pool]:
    """Connections in autocommit mode that run everything as `colloquy_app`, whoever the URL names."""
    options = f"-c role={APP_ROLE} -c statement_timeout={STATEMENT_MS}"
    options += f" -c idle_in_transaction_session_timeout={IDLE_MS}"
    pool: Pool = AsyncConnectionPool(
        database_url,
        kwargs={"autocommit": True, "options": options, "connect_timeout": 5, "tcp_user_timeout": 10_000},
        min_size=1,
        max_size=max_size,
        timeout=WAIT_S,
        check=check_if_idle,
        open=False,
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


_checked: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()


async def check_if_idle(connection: AsyncConnection[tuple[Any, ...]]) -> None:
    """The pool's check before it gives a connection out: a round trip, but only after a while without one."""
    now = time.monotonic()
    if now - _checked.get(connection, 0.0) > CHECK_AFTER_S:
        await AsyncConnectionPool.check_connection(connection)
    _checked[connection] = now


@asynccontextmanager
async def tenant_transaction(pool: Pool, tenant: str) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    """A transaction that sees and touches the rows of one tenant. Statements travel together until a result is asked
    for. `DependencyUnavailable` when the database is away."""
    async with _transaction(pool) as connection:
        await connection.execute("SELECT set_config('app.tenant', %s, true)", (tenant,))
        yield connection


@asynccontextmanager
async def worker_transaction(pool: Pool) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    """A transaction that sees of all tenants the little that a background job has to."""
    async with _transaction(pool) as connection:
        await connection.execute(f"SET LOCAL ROLE {WORKER_ROLE}")
        yield connection


@asynccontextmanager
async def one_statement(pool: Pool) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    """A connection for one call of a function that says itself for which tenant it is: a single round trip, for a
    transaction costs this process and the server more than a short query does."""
    try:
        async with pool.connection() as connection:
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DependencyUnavailable("The database does not answer; try again.", retry_after_s=2) from error


@asynccontextmanager
async def _transaction(pool: Pool) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    async with one_statement(pool) as connection, connection.pipeline(), connection.transaction():
        yield connection
