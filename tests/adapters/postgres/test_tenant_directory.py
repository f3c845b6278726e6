"""The directory in PostgreSQL: in order, once each, and seen by the platform alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.database_transactions import Pool, one_statement, tenant_transaction
from adapters.postgres.pool import open_pool
from adapters.postgres.tenants import PostgresTenantDirectory
from application.clock import new_id, now
from application.ports.tenants.tenants import TenantRow
from tests.databases import logins_of

pytestmark = pytest.mark.real


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(logins_of(database).app, max_size=2) as found:
        yield found


async def test_rows_come_in_order_and_once(pool: Pool) -> None:
    directory = PostgresTenantDirectory(pool)
    rows = [TenantRow(tenant_id=new_id(), name=f"Zoë {number}", created_at=now()) for number in range(5)]
    for row in [*rows, rows[0]]:
        await directory.add(row)
    assert await directory.page(after=None, limit=1000) == rows
    assert await directory.page(after=rows[1].tenant_id, limit=2) == rows[2:4]
    assert await directory.page(after=rows[4].tenant_id, limit=2) == []


async def test_no_tenant_sees_it(pool: Pool) -> None:
    row = TenantRow(tenant_id=new_id(), name="seen by nobody", created_at=now())
    await PostgresTenantDirectory(pool).add(row)
    for tenant in (row.tenant_id, ""):
        async with tenant_transaction(pool, tenant) as connection:
            cursor = await connection.execute("SELECT count(*) FROM tenants")
            assert await cursor.fetchone() == (0,)
    async with one_statement(pool) as bare:
        cursor = await bare.execute("SELECT count(*) FROM tenants")
        assert await cursor.fetchone() == (0,)
