"""Transactions of the event store: of one tenant, or of the process itself, which sees every tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from domain.refusals import DependencyUnavailable

WAIT_S = 5.0
SEE_TENANT = "SELECT set_config('app.tenant', %s, true)"
SEE_ALL = "SET LOCAL ROLE colloquy_worker"


@asynccontextmanager
async def of_tenant(pool: Any, tenant: str) -> AsyncIterator[Any]:
    """A transaction that sees and touches the rows of one tenant."""
    async with _transaction(pool) as connection:
        await connection.execute(SEE_TENANT, (tenant,))
        yield connection


@asynccontextmanager
async def of_process(pool: Any) -> AsyncIterator[Any]:
    """A transaction that reads keys and keeps leases for all tenants."""
    async with _transaction(pool) as connection:
        await connection.execute(SEE_ALL)
        yield connection


@asynccontextmanager
async def _transaction(pool: Any) -> AsyncIterator[Any]:
    try:
        async with pool.connection(timeout=WAIT_S) as connection, connection.pipeline(), connection.transaction():
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DependencyUnavailable("The event store cannot be reached; try again.", retry_after_s=2) from error
