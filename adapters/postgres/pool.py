"""Connections to PostgreSQL as one of the program's logins, and transactions that see one tenant."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.database_login import CHECK, GLANCE, Login, UnsafeLogin, check_parameters, glance, judge, verify_login
from application.acting_tenant import acting_tenant
from domain.refusals import DependencyUnavailable

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]

WAIT_S = 5.0
CHECK_AFTER_S = 2.0
# Whatever limits the server has to keep are settings of the login's role: a pooler drops the options of a connection.
KEYWORDS: dict[str, Any] = {"autocommit": True, "connect_timeout": 5, "tcp_user_timeout": 10_000}


@asynccontextmanager
async def open_pool(login: Login, *, max_size: int = 10) -> AsyncIterator[Pool]:
    """Connections in autocommit mode for one part of the program. `UnsafeLogin` at once when the database lets it do
    more than it must be able to; each connection is asked again when it is made, and when it has waited."""
    pool: Pool = AsyncConnectionPool(
        login.url,
        kwargs=KEYWORDS,
        min_size=1,
        max_size=max_size,
        timeout=WAIT_S,
        configure=partial(configure, login),
        check=partial(check_if_idle, login),
        open=False,
    )
    await verify_login(login)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


_checked: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()


async def configure(login: Login, connection: Connection) -> None:
    """Refuse a new connection that is not what it must be; prepare nothing where a pooler stands between."""
    cursor = await connection.execute(CHECK, check_parameters(login), prepare=False)
    if judge(login, await cursor.fetchone(), connection.info.backend_pid):
        connection.prepare_threshold = None
    _checked[connection] = time.monotonic()


async def check_if_idle(login: Login, connection: Connection) -> None:
    """The pool's check before it gives a connection out: a round trip, but only after a while without one."""
    now = time.monotonic()
    if now - _checked.get(connection, 0.0) > CHECK_AFTER_S:
        try:
            glance(login, await (await connection.execute(GLANCE, prepare=False)).fetchone())
        except UnsafeLogin:
            await connection.close()  # the pool makes another one, which is asked everything
            raise
    _checked[connection] = now


@asynccontextmanager
async def tenant_transaction(pool: Pool, tenant: str) -> AsyncIterator[Connection]:
    """A transaction that sees and touches the rows of one tenant: that which is acted for. Statements travel together
    until a result is asked for. `DependencyUnavailable` when the database is away."""
    acting = acting_tenant(tenant)
    async with _transaction(pool) as connection:
        await connection.execute("SELECT set_config('app.tenant', %s, true)", (acting,))
        yield connection


@asynccontextmanager
async def worker_transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction of a pool whose login sees of all tenants the little that a background job has to."""
    async with _transaction(pool) as connection:
        yield connection


@asynccontextmanager
async def one_statement(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for one call of a function that says itself for which tenant it is: a single round trip, for a
    transaction costs this process and the server more than a short query does."""
    try:
        async with pool.connection() as connection:
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DependencyUnavailable("The database does not answer; try again.", retry_after_s=2) from error


@asynccontextmanager
async def _transaction(pool: Pool) -> AsyncIterator[Connection]:
    async with one_statement(pool) as connection, connection.pipeline(), connection.transaction():
        yield connection
