"""Runs what tenants' tools ask in a few connections of their own: a share of them a tenant, a limit of memory each, and
an end by a deadline whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.database_transactions import Connection, OnePool, Pool, pool_of, tenant_transaction
from adapters.postgres.backend_limits import limit_backend
from adapters.postgres.pool import KEYWORDS
from application.acting_tenant import acting_tenant
from application.tasks import TaskSet
from domain.refusals import DependencyUnavailable, Overloaded

Found = TypeVar("Found")
ModelRequest = Callable[[Connection, bool], Awaitable[Found]]
"""Asks with a connection, and is told whether the memory of its backend has a limit."""

LIMIT_S = 5.0
"""Of one question: waiting for locks, reading, planning and running together."""
END_S, CANCEL_S = 0.25, 1.0
"""How long a caller waits for its question to end at the deadline; and the database, before it ends the backend."""
OF_A_STATEMENT = 0.96
"""Of the limit, so that mostly the server ends it, and the connection can be used again."""
WAIT_S = 5.0
SHARE = 2
"""Of a tenant, at the same time."""
GONE_MS, TRIES = 10_000, 6
BUSY = "Others' questions keep the database busy; try again shortly."
# What holds for a question and for nothing after it. The role may SELECT from its tenant's tables and do no more; the
# rest keeps a question that is merely clumsy from becoming everybody's trouble.
CONFINED = {
    "transaction_read_only": "on", "lock_timeout": "2s",
    "search_path": "pg_catalog", "timezone": "UTC", "client_connection_check_interval": "500ms",
    # One process for each, that compiles nothing; joins are tried out in sixes; a hash takes what a sort may take.
    "max_parallel_workers_per_gather": "0", "jit": "off", "join_collapse_limit": "6", "from_collapse_limit": "6",
    "hash_mem_multiplier": "1",
}  # fmt: skip
CONFINE = "SELECT set_config('statement_timeout', %s, true), " + ", ".join(
    f"set_config('{name}', '{value}', true)" for name, value in CONFINED.items()
)
END = "SELECT pg_terminate_backend(%s, %s)"
log = structlog.get_logger(__name__)


class TookTooLong(Exception):
    """The question was not answered by its deadline. It has ended, or is being ended."""


class ToolQueries:
    """`pool` is that of the tools' login and nobody else's. A question holds its place until the database has let go of
    it, so that never more of them are at work than there are places, whether anybody still waits for them or not."""

    def __init__(self, pool: Pool, *, limit_s: float = LIMIT_S, wait_s: float = WAIT_S, share: int = SHARE) -> None:
        self._pool, self._limit_s, self._wait_s, self._share = pool, limit_s, wait_s, share
        self._places = asyncio.Semaphore(pool.max_size)
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._limited: WeakKeyDictionary[Connection, bool] = WeakKeyDictionary()
        self._asked, self._ending = TaskSet("tool_queries"), TaskSet("tool_queries_ending")

    async def run(self, tenant: str, ask: ModelRequest[Found]) -> Found:
        """What `ask` finds in a read-only transaction that sees one tenant. `TookTooLong`; `Overloaded` when there was
        no place for it in time; `DependencyUnavailable`; psycopg's errors of what was asked."""
        leave = await self._enter(acting_tenant(tenant))
        question = _Question(self._pool, self._limited, self._limit_s)
        task = self._asked.start_awaited(question.run(tenant, ask))
        task.add_done_callback(lambda _: leave())
        try:
            await asyncio.wait({task}, timeout=self._limit_s)
            if task.done():
                return task.result()
            self._let_end(question, task)
            await asyncio.wait({task}, timeout=END_S)
        except asyncio.CancelledError:
            self._let_end(question, task)
            raise
        if not question.is_asked:
            raise DependencyUnavailable("The database does not answer; try again.", retry_after_s=2)
        raise TookTooLong

    async def close(self) -> None:
        """Forget what is still being ended: the server does that by itself when its client is gone."""
        await self._ending.end()

    async def _enter(self, tenant: str) -> Callable[[], None]:
        """A place, of the tenant's share and of all; the function gives it back."""
        share = self._shares.get(tenant)
        if share is None:
            share = self._shares[tenant] = asyncio.Semaphore(self._share)
        taken: list[asyncio.Semaphore] = []

        def leave() -> None:
            while taken:
                taken.pop().release()

        try:
            async with asyncio.timeout(self._wait_s):
                for semaphore in (share, self._places):
                    await semaphore.acquire()
                    taken.append(semaphore)
        except TimeoutError:
            leave()
            raise Overloaded(BUSY, retry_after_s=self._wait_s) from None
        except BaseException:
            leave()
            raise
        return leave

    def _let_end(self, question: _Question, task: asyncio.Task[Found]) -> None:
        """Behind the caller's back."""
        if not task.done():
            self._ending.start(question.end(task))


class _Question:
    """One transaction, and how it is ended from outside."""

    def __init__(self, pool: Pool, limited: WeakKeyDictionary[Connection, bool], limit_s: float) -> None:
        self._pool, self._limited = pool, limited
        self._statement_ms = round(limit_s * 1000 * OF_A_STATEMENT)
        self._connection: Connection | None = None
        self._one: OnePool | None = None
        self.is_asked, self._is_doomed = False, False

    async def run(self, tenant: str, ask: ModelRequest[Found]) -> Found:
        self._one = await pool_of(self._pool, tenant)
        async with tenant_transaction(self._one, tenant) as connection:
            self._connection, self.is_asked = connection, True
            try:
                if connection not in self._limited:
                    self._limited[connection] = await limit_backend(connection, connection.info.backend_pid)
                await connection.execute(CONFINE, (str(self._statement_ms),))
                return await ask(connection, self._limited[connection])
            finally:
                # A cancel that comes late would hit whoever has the connection next.
                self._connection = None
                if self._is_doomed:
                    await connection.close()

    async def end(self, task: asyncio.Task[Found]) -> None:
        """Cancel it; end its backend when it does not obey; return when it is gone."""
        self._is_doomed = True
        connection = self._connection
        if connection is not None:
            await _cancel(connection)
        await asyncio.wait({task}, timeout=CANCEL_S)
        if not task.done():
            await self._terminate(connection)
            task.cancel()
            await asyncio.wait({task})

    async def _terminate(self, connection: Connection | None) -> None:
        """Until the server says that the backend is gone, or that nobody knows. A pooler's backend is whoever's."""
        if connection is None or self._one is None or connection.prepare_threshold is None:
            return
        pid = connection.info.backend_pid
        for _ in range(TRIES):
            log.warning("tool_query_disobeys", pid=pid)
            try:
                async with await AsyncConnection.connect(str(self._one.conninfo), **KEYWORDS) as other:
                    cursor = await other.execute(END, (pid, GONE_MS))
                    if await cursor.fetchone() == (True,):
                        return
            except psycopg.Error as error:
                log.warning("tool_query_unended", pid=pid, error=type(error).__name__)
                return


async def _cancel(connection: Connection) -> None:
    """As Ctrl-C does. It is heard where PostgreSQL listens: mostly at once."""
    with suppress(psycopg.Error, OSError):
        await connection.cancel_safe(timeout=CANCEL_S)
