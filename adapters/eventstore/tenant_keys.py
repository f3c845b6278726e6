"""Tenants' wrapped keys in PostgreSQL: made once, and unwrapped by the key service once a process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.database_transactions import tenant_transaction
from adapters.eventstore.keyring import Keyring, TenantKey
from application.acting_tenant import acting_tenant
from application.ports.facts.keys import KeyAuthority
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
        if await self._row(tenant) is None:
            _, wrapped = await within_deadline(self._authority.create(tenant))
            async with tenant_transaction(self._pool, tenant) as connection:
                await connection.execute(
                    "INSERT INTO tenant_keys VALUES (%s, %s) ON CONFLICT (tenant) DO NOTHING", (tenant, wrapped)
                )
        await self.open(tenant)

    async def open(self, tenant: str) -> None:
        """Have the tenant's key in memory. DependencyUnavailable when it was not yet and the key service is away;
        NotFound when there is none, or no longer."""
        if not self._keyring.tenants.knows(acting_tenant(tenant)):
            await self._loading.of(tenant, partial(self._load, tenant))

    async def _load(self, tenant: str) -> None:
        row = await self._row(tenant)
        if row is None:
            raise NotFound("This tenant has no key.")
        wrapped, epoch, digest = row
        plain = await within_deadline(self._authority.unwrap(tenant, wrapped))
        key = TenantKey(epoch, plain)
        self._keyring.tenants.put(
            tenant, key, first_digest_key(plain) if digest is None else key.unwrap(digest_name(tenant), digest)
        )

    async def _row(self, tenant: str) -> tuple[bytes, int, bytes | None] | None:
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(
                "SELECT wrapped, epoch, digest FROM tenant_keys WHERE tenant = %s", (tenant,)
            )
            row = await cursor.fetchone()
        return (bytes(row[0]), row[1], None if row[2] is None else bytes(row[2])) if row else None


def first_digest_key(tenant_key: bytes) -> bytes:
    """The key for keyed hashes, derived from a tenant's first key (HKDF-SHA-256, RFC 5869). It stays when that is
    replaced: users' pseudonyms and words that are looked for are made with it."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"colloquy digest").derive(tenant_key)


def digest_name(tenant: str) -> str:
    """What the key for keyed hashes is bound to where later keys of the tenant wrap it."""
    return f"{tenant}/digest"


async def within_deadline(asking: Awaitable[T], seconds: float = AUTHORITY_S) -> T:
    """What the key service says, in time; `DependencyUnavailable` otherwise."""
    try:
        return await asyncio.wait_for(asking, seconds)
    except TimeoutError:
        raise DependencyUnavailable("The key service does not answer; try again.", retry_after_s=2) from None
