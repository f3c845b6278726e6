"""Which database holds which tenant: written down in the first one when the tenant begins, and remembered here."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import psycopg
from psycopg import AsyncConnection

from adapters.database_transactions import OnePool, Pool, tenant_transaction, transaction
from application.acting_tenant import EVERY, acting_tenant
from application.bounded_cache import BoundedCache
from application.tasks import SingleFlight
from domain.access import PLATFORM_TENANT
from domain.refusals import DependencyUnavailable

REMEMBERED = 100_000
"""Tenants; who was asked for longest ago is looked up again."""
PLACE = "SELECT place_tenant(%s, %s)"


class LaneDirectory:
    """Databases are numbered; 0 is the first, in which the platform itself is. Tenants from before there were several
    stay there; a new one goes where its id says. A place is for good: nobody need look twice."""

    def __init__(self, first: OnePool, databases: int) -> None:
        self._first, self._databases = first, databases
        self._known: BoundedCache[str, int] = BoundedCache(items=REMEMBERED, size=REMEMBERED)
        self._looking: SingleFlight[str, int] = SingleFlight("lane_of_tenant")

    async def database_of(self, tenant: str) -> int:
        """The number of the database of the tenant that is acted for. `DependencyUnavailable` when the first one is
        away, or when this process was not told of the tenant's."""
        if acting_tenant(tenant) == PLATFORM_TENANT:
            return 0
        known = self._known.get(tenant)
        return await self._looking.of(tenant, lambda: self._look(tenant)) if known is None else known

    async def _look(self, tenant: str) -> int:
        async with tenant_transaction(self._first, tenant) as connection:
            wished = zlib.crc32(tenant.encode()) % self._databases
            cursor = await connection.execute(PLACE, (tenant, wished))
            [found] = await cursor.fetchone() or (0,)
        if found >= self._databases:
            raise DependencyUnavailable("This process was not told of the database that holds this tenant.")
        self._known.put(tenant, found)
        return int(found)


class LanePools:
    """One login's pools in all databases, as one: see `adapters.database_transactions.TenantPools`."""

    def __init__(self, pools: Sequence[OnePool], directory: LaneDirectory) -> None:
        self._pools, self._directory, self.max_size = pools, directory, pools[0].max_size

    async def database_of(self, tenant: str) -> int:
        """See there."""
        return await self._directory.database_of(acting_tenant(tenant))

    async def pool_of(self, tenant: str) -> OnePool:
        """See there. A job that acts for every tenant names one, or asks each database by itself."""
        if not tenant or tenant == EVERY:
            raise RuntimeError("a statement is for one tenant where several databases hold them: say for which")
        return self._pools[await self._directory.database_of(acting_tenant(tenant))]


class HeldTenants:
    """Which tenants one database holds, as a job sees it that may see all: `worker` leads to the first database."""

    def __init__(self, worker: Pool, database: int) -> None:
        self._worker, self._database = worker, database

    async def among(self, tenants: Sequence[str]) -> list[str]:
        """Those of them that it holds; whoever was never placed is in the first."""
        async with transaction(self._worker) as connection:
            cursor = await connection.execute(
                "SELECT tenant, database FROM tenant_lanes WHERE tenant = ANY(%s)", (list(tenants),)
            )
            placed = dict(await cursor.fetchall())
        return [tenant for tenant in tenants if placed.get(tenant, 0) == self._database]


async def last_database(owner_url: str) -> int:
    """The highest number of a database that a tenant was placed in; asked of the first as its owner. 0 where it cannot
    be asked, or does not know yet."""
    try:
        async with await AsyncConnection.connect(owner_url, autocommit=True, connect_timeout=5) as connection:
            cursor = await connection.execute("SELECT coalesce(max(database), 0) FROM tenant_lanes")
            [last] = await cursor.fetchone() or (0,)
    except psycopg.Error:
        return 0
    return int(last)


def database_of(owner_url: str, tenant: str) -> int:
    """The number of a tenant's database; asked of the first as its owner."""
    with psycopg.connect(owner_url, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute("SELECT database FROM tenant_lanes WHERE tenant = %s", (tenant,)).fetchone()
    return int(row[0]) if row else 0
