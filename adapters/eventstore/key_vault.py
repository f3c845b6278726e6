"""The wrapped keys in PostgreSQL, brought into the keyring when they are needed; the Sealer for other stores."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, TypeVar, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.eventstore.keyring import NONCE, Keyring, NewKey, tenant_of
from adapters.eventstore.scope import of_login, of_tenant
from adapters.eventstore.sealed_files import SealingReader, unseal_file
from application.acting_tenant import acting_tenant, acts_for_every
from application.ports.keys import KeyAuthority, KeyDamaged, KeyNotAtHand, KeyUnusable
from application.tasks import SharedWork, isolated
from domain.refusals import DependencyUnavailable, NotFound

AUTHORITY_S = 2.0
TRIES = 3
OPENED_AT_ONCE = 16
"""Tenants whose keys are asked for at a time."""
SHREDDED = "colloquy_shredded"
T = TypeVar("T")


class KeyVault:
    """Tenant keys are unwrapped by the key service once a process; stream keys by their tenant's key, here. Only a
    process that has a `worker` pool reads keys of several tenants with one query."""

    def __init__(self, pool: Any, authority: KeyAuthority, keyring: Keyring, worker: Any = None) -> None:
        self._pool, self._authority, self.keyring, self._worker = pool, authority, keyring, worker
        self._loading: SharedWork[str, None] = SharedWork("tenant_key")

    async def create_tenant_key(self, tenant: str) -> None:
        """See `application/ports/keys.py`."""
        if await self._wrapped_tenant_key(tenant) is None:
            _, wrapped = await _within_deadline(self._authority.create(tenant))
            async with of_tenant(self._pool, tenant) as connection:
                await connection.execute(
                    "INSERT INTO tenant_keys VALUES (%s, %s) ON CONFLICT (tenant) DO NOTHING", (tenant, wrapped)
                )
        await self.open_tenant(tenant)

    async def _wrapped_tenant_key(self, tenant: str) -> bytes | None:
        async with of_tenant(self._pool, tenant) as connection:
            cursor = await connection.execute("SELECT wrapped FROM tenant_keys WHERE tenant = %s", (tenant,))
            row = await cursor.fetchone()
        return bytes(row[0]) if row else None

    async def open_tenant(self, tenant: str) -> None:
        """Have the tenant's key in memory. DependencyUnavailable when it was not yet and the key service is away;
        NotFound when there is none, or no longer."""
        if not self.keyring.knows_tenant(acting_tenant(tenant)):
            await self._loading.of(tenant, partial(self._load_tenant, tenant))

    async def _load_tenant(self, tenant: str) -> None:
        wrapped = await self._wrapped_tenant_key(tenant)
        if wrapped is None:
            raise NotFound("This tenant has no key.")
        self.keyring.put_tenant(tenant, await _within_deadline(self._authority.unwrap(tenant, wrapped)))

    async def new_stream_key(self, stream: str) -> NewKey:
        """A key for a stream that has no facts yet; it is to be stored with the first ones, and kept then."""
        await self.open_tenant(tenant_of(stream))
        return self.keyring.mint(stream)

    async def unlock(self, streams: Sequence[str]) -> None:
        """Bring the keys of these streams into memory by one query. Of those that were shredded and those that cannot
        be used it is remembered (`Keyring.usable`)."""
        for tenant in {tenant_of(stream) for stream in streams}:
            acting_tenant(tenant)
        missing = [stream for stream in set(streams) if self.keyring.get(stream) is None]
        if not missing:
            return
        if self._worker is not None and acts_for_every():
            rows = await _wrapped(of_login(self._worker), missing)
        else:
            tenants = {tenant_of(stream) for stream in missing}
            rows = [row for tenant in tenants for row in await _wrapped(of_tenant(self._pool, tenant), missing)]
        keys: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        for stream in set(missing) - {stream for stream, _ in rows}:
            self.keyring.miss_for_good(stream)
        for stream, wrapped in rows:
            keys[tenant_of(stream)].append((stream, bytes(wrapped)))
        opening = asyncio.Semaphore(OPENED_AT_ONCE)
        await asyncio.gather(*(self._unlock_tenant(tenant, own, opening) for tenant, own in keys.items()))

    async def _unlock_tenant(self, tenant: str, keys: list[tuple[str, bytes]], opening: asyncio.Semaphore) -> None:
        opened = False
        with isolated("tenant_key", tenant=tenant):
            try:
                async with opening:
                    await self.open_tenant(tenant)
            except NotFound:  # with a tenant's key all of its streams are shredded
                for stream, _ in keys:
                    self.keyring.miss_for_good(stream)
                return
            opened = True
        for stream, wrapped in keys:
            if opened:
                self._unwrap(stream, wrapped)
            else:
                self.keyring.miss(stream, KeyUnusable)

    async def usable(self, stream: str) -> AESGCM | None:
        """The stream's key; None when it has none, or no longer. `KeyUnusable` when it cannot be had. Keys may be let
        go of while others wait (`Keyring.forget`), so it is taken the moment that it is there."""
        for _ in range(TRIES):
            await self.unlock([stream])
            with suppress(KeyNotAtHand):
                return self.keyring.usable(stream)
        raise KeyNotAtHand

    async def shred(self, stream: str) -> None:
        """Destroy a stream's key and snapshots here, and in the memory of every process."""
        async with of_tenant(self._pool, tenant_of(stream)) as connection:
            await connection.execute(
                "INSERT INTO stream_keys VALUES (%s, NULL) ON CONFLICT (stream) DO UPDATE SET wrapped = NULL", (stream,)
            )
            await connection.execute("DELETE FROM snapshots WHERE stream = %s", (stream,))
            await connection.execute("SELECT pg_notify(%s, %s)", (SHREDDED, stream))
        self.keyring.forget(stream)

    # Sealer

    async def seal(self, stream: str, plain: bytes, context: str) -> bytes:
        """See `application/ports/keys.py`."""
        cipher, nonce = await self._cipher(stream), os.urandom(NONCE)
        return nonce + cipher.encrypt(nonce, plain, f"{context}|{stream}".encode())

    async def sealing(self, stream: str, plain: BinaryIO, context: str) -> BinaryIO:
        """See `application/ports/keys.py`."""
        cipher = await self._cipher(stream)
        return cast(BinaryIO, SealingReader(cipher, plain, f"{context}|{stream}".encode()))

    async def _cipher(self, stream: str) -> AESGCM:
        acting_tenant(tenant_of(stream))
        cipher = self.keyring.get(stream)
        for _ in range(TRIES):
            if cipher is not None:
                return cipher
            await self.make_keys([stream])
            with suppress(KeyNotAtHand):
                cipher = self.keyring.usable(stream)
                if cipher is None:
                    raise NotFound("What this stream held was erased.")
        raise KeyNotAtHand

    async def make_keys(self, streams: Sequence[str]) -> None:
        """See `application/ports/keys.py`."""
        asked: dict[str, list[str]] = defaultdict(list)
        for stream in set(streams):
            asked[acting_tenant(tenant_of(stream))].append(stream)
        for tenant, all_of_it in asked.items():
            own = [stream for stream in all_of_it if self.keyring.get(stream) is None]
            if not own:
                continue
            new = [(await self.new_stream_key(stream)).wrapped for stream in own]
            async with of_tenant(self._pool, tenant) as connection:
                await connection.execute(
                    "INSERT INTO stream_keys SELECT * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT DO NOTHING",
                    (own, new),
                )
                cursor = await connection.execute(
                    "SELECT stream, wrapped FROM stream_keys WHERE stream = ANY (%s)", (own,)
                )
                rows = await cursor.fetchall()
            for stream, wrapped in rows:
                if wrapped is None:
                    self.keyring.miss_for_good(stream)
                else:
                    self._unwrap(stream, bytes(wrapped))

    def _unwrap(self, stream: str, wrapped: bytes) -> None:
        self.keyring.miss(stream, KeyDamaged)  # until it is here
        with isolated("stream_key", stream=stream):
            self.keyring.unwrap(stream, wrapped)

    async def unseal(self, stream: str, sealed: bytes, context: str) -> bytes | None:
        """See `application/ports/keys.py`."""
        cipher = await self.usable(stream)
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], f"{context}|{stream}".encode()) if cipher else None

    async def unseal_file(self, stream: str, sealed: BinaryIO, into: BinaryIO, context: str) -> bool:
        """See `application/ports/keys.py`."""
        cipher = await self.usable(stream)
        if cipher:
            await asyncio.to_thread(unseal_file, cipher, sealed, into, f"{context}|{stream}".encode())
        return cipher is not None

    async def digest(self, tenant: str, data: bytes) -> bytes:
        """See `application/ports/keys.py`."""
        await self.open_tenant(tenant)
        return hmac.new(self.keyring.digest_key(tenant), data, hashlib.sha256).digest()


async def _wrapped(transaction: Any, streams: Sequence[str]) -> list[tuple[str, bytes]]:
    """The wrapped keys that a transaction sees."""
    async with transaction as connection:
        cursor = await connection.execute(
            "SELECT stream, wrapped FROM stream_keys WHERE stream = ANY (%s) AND wrapped IS NOT NULL", (list(streams),)
        )
        found: list[tuple[str, bytes]] = await cursor.fetchall()
    return found


async def _within_deadline(asking: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(asking, AUTHORITY_S)
    except TimeoutError:
        raise DependencyUnavailable("The key service does not answer; try again.", retry_after_s=2) from None
