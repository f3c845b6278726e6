"""`DueTenants` by one statement, which only the platform's own tenant may make."""

from __future__ import annotations

from datetime import datetime

from adapters.database_transactions import Pool, tenant_transaction
from domain.access import PLATFORM_TENANT


class PostgresDueTenants:
    """See `application.ports.tenants.due_tenants.DueTenants`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, at: datetime, *, after: str, limit: int) -> list[str]:
        """See the port."""
        async with tenant_transaction(self._pool, PLATFORM_TENANT) as connection:
            found = await connection.execute(
                "SELECT tenant FROM projections.due_tenants(%s, %s, %s)", (at, after, limit)
            )
            return [tenant for (tenant,) in await found.fetchall()]
