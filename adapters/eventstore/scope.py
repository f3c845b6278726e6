"""Transactions of the event store: of one tenant, or of a worker, which sees every tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from application.acting_tenant import acting_tenant
from domain.refusals import DependencyUnavailable

WAIT_S = 5.0
SEE_TENANT = "SELECT set_config('app.tenant', %s, true)"


@asynccontextmanager
async def of_tenant(pool: Any, tenant: str) -> AsyncIterator[Any]:
    """A transaction that sees and touches the rows of one tenant: that which is acted for."""
    acting = acting_tenant(tenant)
    async with of_login(pool) as connection:
        await connection.execute(SEE_TENANT, (acting,))
        yield connection


@asynccontextmanager
async def of_login(pool: Any) -> AsyncIterator[Any]:
    """A transaction that sees and touches what the pool's login may."""
    try:
        async with pool.connection(timeout=WAIT_S) as connection, connection.pipeline(), connection.transaction():
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DependencyUnavailable("The event store cannot be reached; try again.", retry_after_s=2) from error
