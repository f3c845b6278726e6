"""Streams' wrapped keys in PostgreSQL, unwrapped by their tenant's key and brought onto the keyring when needed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.database_transactions import tenant_transaction, transaction
from adapters.eventstore.keyring import Keyring, NewKey, OtherEpoch, tenant_of
from adapters.eventstore.shared_keys import SharedKeys
from adapters.eventstore.tenant_keys import WrappedTenantKeys
from application.acting_tenant import acting_tenant, acts_for_every
from application.ports.facts.keys import KeyDamaged, KeyNotAtHand, KeyUnusable
from application.tasks import isolated
from domain.refusals import NotFound

TRIES = 3
PAUSES_S = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Before each try to make a key while those of its tenant are being replaced, which takes long when they are many."""
REPLACED = "replaced"
"""In what the database says of a new key that a replaced one wraps: the trigger on `stream_keys`."""
OPENED_AT_ONCE = 16
"""Tenants whose keys are asked for at a time."""
DUE = """
    UPDATE tenant_keys SET due = now() WHERE tenant = %s
      AND EXISTS (SELECT FROM stream_keys WHERE stream = %s AND wrapped IS NOT NULL)"""
SHREDDED = "colloquy_shredded"


class WrappedStreamKeys:
    """Puts streams' keys on the keyring. Only a process that has a `worker` pool reads keys of several tenants with one
    query."""

    def __init__(self, pool: Any, keyring: Keyring, tenants: WrappedTenantKeys, worker: Any = None) -> None:
        self._pool, self._keyring, self._tenants, self._worker = pool, keyring, tenants, worker
        self._shared = SharedKeys(self.make)

    async def new(self, stream: str) -> NewKey:
        """A key for a stream that has no facts yet; it is to be stored with the first ones, and kept then. The database
        refuses one whose tenant's key was replaced meanwhile (`REPLACED`)."""
        await self._tenants.open(tenant_of(stream))
        return self._keyring.mint(stream)

    async def unlock(self, streams: Sequence[str]) -> None:
        """Bring the keys of these streams into memory by one query. Of those that were shredded and those that cannot
        be used it is remembered (`Keyring.usable`)."""
        left = list(streams)
        for _ in range(TRIES):
            left = await self._unlock(left)
            if not left:
                return
        for stream in left:  # wrapped by a key that was replaced, for good
            self._keyring.miss(stream, KeyDamaged)

    async def _unlock(self, streams: Sequence[str]) -> list[str]:
        """Those of them that another key of their tenant wraps than the one in memory: to be looked at again."""
        for tenant in {tenant_of(stream) for stream in streams}:
            acting_tenant(tenant)
        missing = [stream for stream in set(streams) if self._keyring.get(stream) is None]
        if not missing:
            return []
        if self._worker is not None and acts_for_every():
            rows = await _wrapped(transaction(self._worker), missing)
        else:
            tenants = {tenant_of(stream) for stream in missing}
            rows = [
                row for tenant in tenants for row in await _wrapped(tenant_transaction(self._pool, tenant), missing)
            ]
        keys: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        for stream in set(missing) - {stream for stream, _ in rows}:
            self._keyring.miss_for_good(stream)
        for stream, wrapped in rows:
            keys[tenant_of(stream)].append((stream, bytes(wrapped)))
        opening = asyncio.Semaphore(OPENED_AT_ONCE)
        lists = await asyncio.gather(*(self._unlock_tenant(tenant, own, opening) for tenant, own in keys.items()))
        return [stream for left in lists for stream in left]

    async def _unlock_tenant(self, tenant: str, keys: list[tuple[str, bytes]], opening: asyncio.Semaphore) -> list[str]:
        opened = False
        with isolated("tenant_key", tenant=tenant):
            try:
                async with opening:
                    await self._tenants.open(tenant)
            except NotFound:  # with a tenant's key all of its streams are shredded
                for stream, _ in keys:
                    self._keyring.miss_for_good(stream)
                return []
            opened = True
        if opened:
            return [stream for stream, wrapped in keys if not self._unwrap(stream, wrapped)]
        for stream, _ in keys:
            self._keyring.miss(stream, KeyUnusable)
        return []

    async def usable(self, stream: str) -> AESGCM | None:
        """The stream's key; None when it has none, or no longer. `KeyUnusable` when it cannot be had. Keys may be let
        go of while others wait (`Keyring.forget`), so it is taken the moment that it is there."""
        for _ in range(TRIES):
            await self.unlock([stream])
            with suppress(KeyNotAtHand):
                return self._keyring.usable(stream)
        raise KeyNotAtHand

    async def shred(self, stream: str) -> None:
        """Destroy a stream's key and snapshots here, and in the memory of every process."""
        tenant = tenant_of(stream)
        async with tenant_transaction(self._pool, tenant) as connection:
            # First, so that it waits for whoever replaces the tenant's key and is then due anew; not for what is gone.
            await connection.execute(DUE, (tenant, stream))
            await connection.execute(
                "INSERT INTO stream_keys VALUES (%s, NULL) ON CONFLICT (stream) DO UPDATE SET wrapped = NULL", (stream,)
            )
            await connection.execute("DELETE FROM snapshots WHERE stream = %s", (stream,))
            await connection.execute("SELECT pg_notify(%s, %s)", (SHREDDED, stream))
        self._keyring.forget(stream)

    async def sealing(self, stream: str) -> AESGCM:
        """The key to seal with, made if need be. `NotFound` when it was shredded."""
        acting_tenant(tenant_of(stream))
        cipher = self._keyring.get(stream)
        for _ in range(TRIES):
            if cipher is not None:
                return cipher
            await self._shared.have(stream)
            with suppress(KeyNotAtHand):
                cipher = self._keyring.usable(stream)
                if cipher is None:
                    raise NotFound("What this stream held was erased.")
        raise KeyNotAtHand

    async def make(self, streams: Sequence[str]) -> None:
        """Have a key in memory for each of these streams, made where there is none. Of those that were shredded and
        those that cannot be used it is remembered (`Keyring.usable`)."""
        asked: dict[str, list[str]] = defaultdict(list)
        for stream in set(streams):
            asked[acting_tenant(tenant_of(stream))].append(stream)
        for tenant, all_of_it in asked.items():
            own = [stream for stream in all_of_it if self._keyring.get(stream) is None]
            if not own:
                continue
            rows = await self._made(tenant, own)
            again = [stream for stream, wrapped in rows if wrapped is not None and not self._unwrap(stream, wrapped)]
            for stream, wrapped in rows:
                if wrapped is None:
                    self._keyring.miss_for_good(stream)
            if again:
                await self.unlock(again)

    async def _made(self, tenant: str, streams: Sequence[str]) -> list[tuple[str, bytes | None]]:
        """Their wrapped keys as stored, by now; `KeyNotAtHand` while the tenant's keys are being replaced."""
        for pause in PAUSES_S:
            if pause:
                await asyncio.sleep(pause)
            new = [(await self.new(stream)).wrapped for stream in streams]
            try:
                async with tenant_transaction(self._pool, tenant) as connection:
                    await connection.execute(
                        "INSERT INTO stream_keys SELECT * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT DO NOTHING",
                        (streams, new),
                    )
                    cursor = await connection.execute(
                        "SELECT stream, wrapped FROM stream_keys WHERE stream = ANY (%s)", (streams,)
                    )
                    rows = await cursor.fetchall()
                return [(stream, None if wrapped is None else bytes(wrapped)) for stream, wrapped in rows]
            except psycopg.DataError as error:
                if REPLACED not in str(error):
                    raise
                self._keyring.tenants.drop(tenant)
        raise KeyNotAtHand(retry_after_s=2)

    def _unwrap(self, stream: str, wrapped: bytes) -> bool:
        """Put a key on the keyring; False when another key of the tenant wraps it, which is then let go of if it is
        behind."""
        self._keyring.miss(stream, KeyDamaged)  # until it is here
        with isolated("stream_key", stream=stream):
            try:
                self._keyring.unwrap(stream, wrapped)
            except KeyError:  # the tenant's key was let go of a moment ago
                return False
            except OtherEpoch as other:
                if other.newer:
                    self._keyring.tenants.drop(tenant_of(stream))
                return False
        return True


async def _wrapped(transaction: Any, streams: Sequence[str]) -> list[tuple[str, bytes]]:
    """The wrapped keys that a transaction sees."""
    async with transaction as connection:
        cursor = await connection.execute(
            "SELECT stream, wrapped FROM stream_keys WHERE stream = ANY (%s) AND wrapped IS NOT NULL", (list(streams),)
        )
        found: list[tuple[str, bytes]] = await cursor.fetchall()
    return found
