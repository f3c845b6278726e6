"""Tenants' wrapped keys in PostgreSQL: made once, and unwrapped by the key service once a process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any, TypeVar

from adapters.database_transactions import tenant_transaction
from adapters.eventstore.keyring import Keyring
from application.acting_tenant import acting_tenant
from application.ports.keys import KeyAuthority
from application.tasks import SingleFlight
from domain.refusals import DependencyUnavailable, NotFound

AUTHORITY_S = 2.0
T = TypeVar("T")


class WrappedTenantKeys:
    """Puts tenants' keys on the keyring."""

    def __init__(self, pool: Any, authority: KeyAuthority, keyring: Keyring) -> None:
        self._pool, self._authority, self._keyring = pool, authority, keyring
        self._loading: SingleFlight[str, None] = SingleFlight("tenant_key")

    async def create(self, tenant: str) -> None:
        """Make the tenant's key, once; a tenant that has one keeps it."""
        if await self._wrapped(tenant) is None:
            _, wrapped = await _within_deadline(self._authority.create(tenant))
            async with tenant_transaction(self._pool, tenant) as connection:
                await connection.execute(
                    "INSERT INTO tenant_keys VALUES (%s, %s) ON CONFLICT (tenant) DO NOTHING", (tenant, wrapped)
                )
        await self.open(tenant)

    async def open(self, tenant: str) -> None:
        """Have the tenant's key in memory. DependencyUnavailable when it was not yet and the key service is away;
        NotFound when there is none, or no longer."""
        if not self._keyring.knows_tenant(acting_tenant(tenant)):
            await self._loading.of(tenant, partial(self._load, tenant))

    async def _load(self, tenant: str) -> None:
        wrapped = await self._wrapped(tenant)
        if wrapped is None:
            raise NotFound("This tenant has no key.")
        self._keyring.put_tenant(tenant, await _within_deadline(self._authority.unwrap(tenant, wrapped)))

    async def _wrapped(self, tenant: str) -> bytes | None:
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute("SELECT wrapped FROM tenant_keys WHERE tenant = %s", (tenant,))
            row = await cursor.fetchone()
        return bytes(row[0]) if row else None


async def _within_deadline(asking: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(asking, AUTHORITY_S)
    except TimeoutError:
        raise DependencyUnavailable("The key service does not answer; try again.", retry_after_s=2) from None
