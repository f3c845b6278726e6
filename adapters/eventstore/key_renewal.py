"""Replaces a tenant's key after something was shredded, so that no copy of the database gives it back (ADR 0200)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag

from adapters.database_transactions import SEE_TENANT, Connection, tenant_transaction, transaction
from adapters.eventstore.key_book import LOCK, Book, framed
from adapters.eventstore.keyring import Keyring, OtherEpoch, TenantKey
from adapters.eventstore.stream_keys import SHREDDED
from adapters.eventstore.tenant_keys import WrappedTenantKeys, digest_name, within_deadline
from application.acting_tenant import acting_tenant
from application.ports.facts.keys import KeyAuthority
from domain.refusals import DependencyUnavailable, NotFound

RENEWED = "colloquy_renewed"
TOGETHER = 5_000
"""Keys that are wrapped anew, or written down, at a time."""
RENEWAL_S = 10.0
TRIES = 3
KEYS = "SELECT stream, wrapped FROM stream_keys WHERE split_part(stream, '/', 1) = %s AND wrapped IS NOT NULL"


class KeyRenewal:
    """`RenewableKeys`. In one process renewals of a tenant that wait share the next one."""

    def __init__(self, pool: Any, authority: KeyAuthority, keyring: Keyring, tenants: WrappedTenantKeys) -> None:
        self._pool, self._authority, self._keyring, self._tenants = pool, authority, keyring, tenants
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._served: defaultdict[str, int] = defaultdict(int)

    async def renew(self, tenant: str) -> None:
        """See `application/ports/facts/keys.py`."""
        acting_tenant(tenant)
        self._asked[tenant] += 1
        asked = self._asked[tenant]
        async with self._locks[tenant]:
            if self._served[tenant] < asked:
                serving = self._asked[tenant]
                await self._renew(tenant)
                self._served[tenant] = serving

    async def due(self, tenant: str) -> bool:
        """See `application/ports/facts/keys.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(
                "SELECT due IS NOT NULL OR cardinality(replaced) > 0 FROM tenant_keys WHERE tenant = %s", (tenant,)
            )
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def _renew(self, tenant: str) -> None:
        """Where it fails nothing is destroyed, not even the new key: whether it was stored may not be known."""
        plain, wrapped = await within_deadline(self._authority.renew(tenant), RENEWAL_S)
        for _ in range(TRIES):
            await self._tenants.open(tenant)
            if await self._replace(tenant, self._keyring.tenants.key(tenant), plain, wrapped):
                return
            self._keyring.tenants.drop(tenant)  # another process was faster: its key is to be replaced
        await within_deadline(self._authority.destroy(tenant, wrapped), RENEWAL_S)
        raise DependencyUnavailable("The keys of this tenant are being replaced; try again.", retry_after_s=2)

    async def _replace(self, tenant: str, old: TenantKey, plain: bytes, wrapped: bytes) -> bool:
        """Whether `old` was the tenant's key, and is replaced: with all that it wrapped, in one transaction."""
        new, digest = TenantKey(old.epoch + 1, plain), self._keyring.tenants.digest_key(tenant)
        async with transaction(self._pool, tenant, pipelined=False) as connection:
            await connection.execute(SEE_TENANT, (tenant,))
            await connection.execute(LOCK, (tenant,))
            cursor = await connection.execute(
                "UPDATE tenant_keys SET wrapped = %s, epoch = %s, digest = %s, due = NULL,"
                " replaced = array_append(replaced, wrapped) WHERE tenant = %s AND epoch = %s",
                (wrapped, new.epoch, new.wrap(digest_name(tenant), digest), tenant, old.epoch),
            )
            if cursor.rowcount != 1:
                return False
            async with connection.cursor("keys") as reading:
                await reading.execute(KEYS, (tenant,))
                while rows := await reading.fetchmany(TOGETHER):
                    again = await asyncio.to_thread(_wrapped_anew, rows, old, new)
                    await connection.execute(
                        "UPDATE stream_keys AS held SET wrapped = new.wrapped"
                        " FROM unnest(%s::text[], %s::bytea[]) AS new(stream, wrapped)"
                        " WHERE held.stream = new.stream AND held.wrapped IS NOT NULL",
                        (list(again), list(again.values())),
                    )
            await connection.execute("SELECT pg_notify(%s, %s)", (RENEWED, f"{tenant} {new.epoch}"))
        self._keyring.tenants.put(tenant, new, digest)
        return True

    async def write_book(self, tenant: str, into: BinaryIO) -> int:
        """See `application/ports/facts/keys.py`, and `key_book.py` for its form."""
        acting_tenant(tenant)
        async with transaction(self._pool, tenant, pipelined=False) as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await connection.execute(SEE_TENANT, (tenant,))
            cursor = await connection.execute(
                "SELECT epoch, wrapped, digest FROM tenant_keys WHERE tenant = %s", (tenant,)
            )
            row = await cursor.fetchone()
            if row is None or row[2] is None:
                raise NotFound("This tenant's key was never replaced.")
            into.write(framed(Book(*row)))
            async with connection.cursor("keys") as reading:
                await reading.execute(KEYS, (tenant,))
                while rows := await reading.fetchmany(TOGETHER):
                    await asyncio.to_thread(into.write, framed([tuple(row) for row in rows]))
        return int(row[0])

    async def destroy_replaced(self, tenant: str) -> None:
        """See `application/ports/facts/keys.py`."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute("SELECT replaced FROM tenant_keys WHERE tenant = %s", (tenant,))
            row = await cursor.fetchone()
        for wrapped in row[0] if row else ():
            await within_deadline(self._authority.destroy(tenant, bytes(wrapped)), RENEWAL_S)
            async with tenant_transaction(self._pool, tenant) as connection:
                await connection.execute(
                    "UPDATE tenant_keys SET replaced = array_remove(replaced, %s) WHERE tenant = %s", (wrapped, tenant)
                )

    async def destroy_tenant(self, tenant: str) -> None:
        """See `application/ports/facts/keys.py`."""
        await self.destroy_replaced(tenant)
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute("SELECT wrapped FROM tenant_keys WHERE tenant = %s", (tenant,))
            row = await cursor.fetchone()
        if row is None:
            raise NotFound("This tenant has no key.")
        await within_deadline(self._authority.destroy(tenant, bytes(row[0])), RENEWAL_S)
        async with tenant_transaction(self._pool, tenant) as connection:
            await _forget_everywhere(connection, tenant)
        self._keyring.tenants.drop(tenant)
        self._keyring.forget("")


async def _forget_everywhere(connection: Connection, tenant: str) -> None:
    """Every process lets go of the tenant's key and of all streams' keys: whose they are it could not say shorter."""
    await connection.execute("UPDATE tenant_keys SET due = NULL WHERE tenant = %s", (tenant,))
    await connection.execute("UPDATE stream_keys SET wrapped = NULL WHERE split_part(stream, '/', 1) = %s", (tenant,))
    await connection.execute("DELETE FROM snapshots WHERE split_part(stream, '/', 1) = %s", (tenant,))
    await connection.execute("SELECT pg_notify(%s, %s), pg_notify(%s, '')", (RENEWED, tenant, SHREDDED))


def _wrapped_anew(rows: list[Any], old: TenantKey, new: TenantKey) -> dict[str, bytes]:
    """By stream; what cannot be opened is damaged already, and stays as it is."""
    again = {}
    for stream, wrapped in rows:
        try:
            again[stream] = new.wrap(stream, old.unwrap(stream, bytes(wrapped)))
        except (InvalidTag, OtherEpoch):
            continue
    return again
