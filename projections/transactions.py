"""Transactions of the read models: one that writes for all tenants, one that reads a single tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from adapters.database_transactions import SEE_TENANT, transaction
from adapters.database_transactions import OnePool as OnePool
from adapters.database_transactions import Pool as Pool
from adapters.database_transactions import pool_of as pool_of
from application.acting_tenant import acting_tenant
from domain.refusals import DependencyUnavailable

Connection = AsyncConnection[Any]
Row = dict[str, Any]


@asynccontextmanager
async def writing(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction as the read models' owner, which the worker's login becomes so that whatever it makes is owned by
    no login. `DependencyUnavailable` when the database is away."""
    async with _of_read_models(pool) as connection:
        await connection.execute("SET LOCAL ROLE colloquy_worker")
        yield connection


@asynccontextmanager
async def looking(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction that reads where the read models stand, which is no tenant's secret."""
    async with _of_read_models(pool) as connection:
        await connection.execute("SET TRANSACTION READ ONLY")
        yield connection


@asynccontextmanager
async def reading(pool: Pool, tenant: str) -> AsyncIterator[Connection]:
    """A read-only transaction, one snapshot throughout, that sees the rows of one tenant."""
    acting = acting_tenant(tenant)
    async with _of_read_models(pool, acting) as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await connection.execute(SEE_TENANT, (acting,))
        yield connection


@asynccontextmanager
async def placing(pool: Pool, tenant: str) -> AsyncIterator[Connection]:
    """A transaction that acts for one tenant and may call what changes something by itself."""
    acting = acting_tenant(tenant)
    async with _of_read_models(pool, acting) as connection:
        await connection.execute(SEE_TENANT, (acting,))
        yield connection


async def rows(connection: Connection, sql: Any, parameters: Any = None) -> list[Row]:
    """The rows of a query as dicts."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, parameters)
        return await cursor.fetchall()


@asynccontextmanager
async def _of_read_models(pool: Pool, tenant: str = "") -> AsyncIterator[Connection]:
    try:
        async with transaction(pool, tenant, pipelined=False) as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        raise DependencyUnavailable("The read models are being built; try again.", retry_after_s=5) from error
