"""Connections to PostgreSQL as one of the program's logins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.database_login import CHECK, GLANCE, Login, UnsafeLogin, check_parameters, glance, judge, verify_login
from adapters.database_transactions import Connection as Connection
from adapters.database_transactions import OnePool as OnePool
from adapters.database_transactions import Pool as Pool
from adapters.database_transactions import tenant_transaction as tenant_transaction
from adapters.postgres.pool_metrics import pools
from application.clock import monotonic

WAIT_S = 5.0
CHECK_AFTER_S = 2.0
# Whatever limits the server has to keep are settings of the login's role: a pooler drops the options of a connection.
KEYWORDS: dict[str, Any] = {"autocommit": True, "connect_timeout": 5, "tcp_user_timeout": 10_000}


@asynccontextmanager
async def open_pool(login: Login, *, max_size: int = 10) -> AsyncIterator[OnePool]:
    """Connections in autocommit mode for one part of the program. `UnsafeLogin` at once when the database lets it do
    more than it must be able to; each connection is asked again when it is made, and when it has waited."""
    pool: OnePool = AsyncConnectionPool(
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
    pools[pool] = login.part
    try:
        yield pool
    finally:
        pools.pop(pool, None)
        await pool.close()


_checked: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()


async def configure(login: Login, connection: Connection) -> None:
    """Refuse a new connection that is not what it must be; prepare nothing where a pooler stands between."""
    cursor = await connection.execute(CHECK, check_parameters(login), prepare=False)
    if judge(login, await cursor.fetchone(), connection.info.backend_pid):
        connection.prepare_threshold = None
    _checked[connection] = monotonic()


async def check_if_idle(login: Login, connection: Connection) -> None:
    """The pool's check before it gives a connection out: a round trip, but only after a while without one."""
    now = monotonic()
    if now - _checked.get(connection, 0.0) > CHECK_AFTER_S:
        try:
            glance(login, await (await connection.execute(GLANCE, prepare=False)).fetchone())
        except UnsafeLogin:
            await connection.close()  # the pool makes another one, which is asked everything
            raise
    _checked[connection] = now
