"""Transactions of PostgreSQL: as a login, or of the one tenant that is acted for. What is away is a refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Protocol

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from application.acting_tenant import acting, acting_tenant
from domain.refusals import DependencyUnavailable

Connection = AsyncConnection[tuple[Any, ...]]
OnePool = AsyncConnectionPool[Connection]


class TenantPools(Protocol):
    """Pools of several databases, each of which holds some of the tenants; of `max_size` connections each."""

    max_size: int

    async def database_of(self, tenant: str) -> int:
        """The number of a tenant's database."""
        ...

    async def pool_of(self, tenant: str) -> OnePool:
        """That of a tenant's database; RuntimeError where nobody says whose."""
        ...


Pool = OnePool | TenantPools

RETRY_AFTER_S = 2.0
FOLLOWS = "The database that we were connected to is not the one that is written to any more; try again."
SEE_TENANT = "SELECT set_config('app.tenant', %s, true)"


async def pool_of(pool: Pool, tenant: str = "") -> OnePool:
    """The connections to the database that holds a tenant, which is that which is acted for unless it is named."""
    return pool if isinstance(pool, AsyncConnectionPool) else await pool.pool_of(tenant or acting())


async def database_of(pool: Pool, tenant: str) -> int:
    """The number of the database that holds a tenant: 0 where there is but one."""
    return 0 if isinstance(pool, AsyncConnectionPool) else await pool.database_of(tenant)


@asynccontextmanager
async def one_statement(pool: Pool, tenant: str = "") -> AsyncIterator[Connection]:
    """A connection for one call of a function that says itself for which tenant it is: a single round trip, for a
    transaction costs this process and the server more than a short query does. `DependencyUnavailable` when the
    database is away. Its database is that of the tenant, see `pool_of`."""
    pool = await pool_of(pool, tenant)
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.errors.ReadOnlySqlTransaction as error:
        if not _only_follows(connection):
            raise  # the transaction was made to read alone, and what was asked of it is at fault
        # The server that these connections lead to only follows another by now. They are sound, and no use.
        await pool.drain()
        raise DependencyUnavailable(FOLLOWS, retry_after_s=RETRY_AFTER_S) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DependencyUnavailable("The database does not answer; try again.", retry_after_s=RETRY_AFTER_S) from error


def _only_follows(connection: Connection) -> bool:
    """Whether its server takes no writes of anybody, by what it reports unasked (PostgreSQL 14 and later)."""
    reported = (b"in_hot_standby", b"default_transaction_read_only")
    return b"on" in map(connection.pgconn.parameter_status, reported)


@asynccontextmanager
async def transaction(pool: Pool, tenant: str = "", *, pipelined: bool = True) -> AsyncIterator[Connection]:
    """A transaction that sees and touches what the pool's login may; such logins are those of jobs, which see of all
    tenants the little that they have to. `pipelined`, its statements travel together until a result is asked for, but
    a cursor of the server's cannot be read."""
    async with (
        one_statement(pool, tenant) as connection,
        connection.pipeline() if pipelined else nullcontext(),
        connection.transaction(),
    ):
        yield connection


@asynccontextmanager
async def tenant_transaction(pool: Pool, tenant: str) -> AsyncIterator[Connection]:
    """A transaction that sees and touches the rows of one tenant: that which is acted for."""
    acting = acting_tenant(tenant)
    async with transaction(pool, acting) as connection:
        await connection.execute(SEE_TENANT, (acting,))
        yield connection
