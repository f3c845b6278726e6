"""The directory of tenants in PostgreSQL, which only the platform's own tenant sees."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import class_row

from adapters.database_transactions import Pool, tenant_transaction
from application.ports.tenants.tenants import TenantRow
from domain.access import PLATFORM_TENANT


class PostgresTenantDirectory:
    """See `application.ports.tenants.tenants.TenantDirectory`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, row: TenantRow) -> None:
        """Note a tenant, once."""
        async with tenant_transaction(self._pool, PLATFORM_TENANT) as connection:
            await connection.execute(
                "INSERT INTO tenants VALUES (%s, %s, %s) ON CONFLICT (tenant_id) DO NOTHING",
                (row.tenant_id, row.name, row.created_at),
            )

    async def remove(self, tenant_id: str) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, PLATFORM_TENANT) as connection:
            await connection.execute("DELETE FROM tenants WHERE tenant_id = %s", (tenant_id,))

    async def known(self, ids: Sequence[str]) -> list[TenantRow]:
        """See the port."""
        async with (
            tenant_transaction(self._pool, PLATFORM_TENANT) as connection,
            connection.cursor(row_factory=class_row(TenantRow)) as cursor,
        ):
            await cursor.execute(
                "SELECT tenant_id::text, name, created_at FROM tenants WHERE tenant_id = ANY(%s::uuid[])"
                " ORDER BY tenants.tenant_id",
                (list(ids),),
            )
            return await cursor.fetchall()

    async def page(self, *, after: str | None, limit: int) -> list[TenantRow]:
        """In order of id, which is the order of creation."""
        async with (
            tenant_transaction(self._pool, PLATFORM_TENANT) as connection,
            connection.cursor(row_factory=class_row(TenantRow)) as cursor,
        ):
            await cursor.execute(
                "SELECT tenant_id::text, name, created_at FROM tenants"
                " WHERE %(after)s::uuid IS NULL OR tenant_id > %(after)s::uuid"
                " ORDER BY tenants.tenant_id LIMIT %(limit)s",
                {"after": after, "limit": limit},
            )
            return await cursor.fetchall()
