"""`DueTenants` by one statement a database, which only the platform's own tenant may make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapters.database_transactions import Pool, tenant_transaction
from domain.access import PLATFORM_TENANT


class PostgresDueTenants:
    """See `application.ports.tenants.due_tenants.DueTenants`; `pools` are of all databases that hold tenants."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    async def page(self, at: datetime, *, after: str, limit: int) -> list[str]:
        """See the port."""
        due: list[str] = []
        for pool in self._pools:
            async with tenant_transaction(pool, PLATFORM_TENANT) as connection:
                found = await connection.execute(
                    "SELECT tenant FROM projections.due_tenants(%s, %s, %s)", (at, after, limit)
                )
                due += [tenant for (tenant,) in await found.fetchall()]
        return sorted(due)[:limit]
