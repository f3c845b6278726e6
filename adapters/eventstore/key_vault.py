"""The wrapped keys in PostgreSQL, brought into the keyring when they are needed; the Sealer for other stores."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Any

from adapters.eventstore.keyring import NONCE, Keyring, tenant_of
from application.ports.keys import KeyAuthority
from domain.refusals import DependencyUnavailable

AUTHORITY_S = 2.0
SHREDDED = "colloquy_shredded"


class KeyVault:
    """Tenant keys are unwrapped by the key service once a process; stream keys by their tenant's key, here."""

    def __init__(self, pool: Any, authority: KeyAuthority, keyring: Keyring) -> None:
        self._pool, self._authority, self.keyring = pool, authority, keyring
        self._loading: dict[str, asyncio.Task[None]] = {}

    async def create_tenant_key(self, tenant: str) -> None:
        """Make the tenant's key, once."""
        _, wrapped = await self._within(self._authority.create(tenant))
        async with self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO tenant_keys VALUES (%s, %s) ON CONFLICT (tenant) DO NOTHING", (tenant, wrapped)
            )
        await self.open_tenant(tenant)

    async def open_tenant(self, tenant: str) -> None:
        """Have the tenant's key in memory; DependencyUnavailable when the key service is away and it was not yet."""
        if self.keyring.knows_tenant(tenant):
            return
        if tenant not in self._loading:
            self._loading[tenant] = asyncio.create_task(self._load_tenant(tenant))
            self._loading[tenant].add_done_callback(lambda _: self._loading.pop(tenant, None))
        await asyncio.shield(self._loading[tenant])

    async def _load_tenant(self, tenant: str) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT wrapped FROM tenant_keys WHERE tenant = %s", (tenant,))
            row = await cursor.fetchone()
        if row is None:
            raise LookupError(f"tenant {tenant} has no key")
        plain = await self._within(self._authority.unwrap(tenant, bytes(row[0])))
        self.keyring.put_tenant(tenant, plain)

    async def _within(self, asking: Any) -> Any:
        try:
            return await asyncio.wait_for(asking, AUTHORITY_S)
        except TimeoutError:
            raise DependencyUnavailable("The key service does not answer; try again.", retry_after_s=2) from None

    async def new_stream_key(self, stream: str) -> bytes:
        """A key for a stream that has no facts yet, wrapped; it is to be stored with the first ones."""
        await self.open_tenant(tenant_of(stream))
        return self.keyring.create(stream)

    async def unlock(self, streams: Sequence[str]) -> None:
        """Bring the keys of these streams into memory by one query; shredded ones are passed over."""
        missing = [stream for stream in set(streams) if self.keyring.get(stream) is None]
        if not missing:
            return
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT stream, wrapped FROM stream_keys WHERE stream = ANY (%s)", (missing,)
            )
            rows = await cursor.fetchall()
        for stream, wrapped in rows:
            await self.open_tenant(tenant_of(stream))
            self.keyring.unwrap(stream, bytes(wrapped))

    async def shred(self, stream: str) -> None:
        """Destroy a stream's key and snapshots here, and in the memory of every process."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("DELETE FROM stream_keys WHERE stream = %s", (stream,))
            await connection.execute("DELETE FROM snapshots WHERE stream = %s", (stream,))
            await connection.execute("SELECT pg_notify(%s, %s)", (SHREDDED, stream))
        self.keyring.forget(stream)

    # Sealer

    async def seal(self, stream: str, plain: bytes, context: str) -> bytes:
        """See `application/ports/keys.py`."""
        if self.keyring.get(stream) is None:
            await self._ensure(stream)
        key = self.keyring.get(stream)
        assert key is not None, "it was just made or loaded"
        nonce = os.urandom(NONCE)
        return nonce + key.encrypt(nonce, plain, f"{context}|{stream}".encode())

    async def _ensure(self, stream: str) -> None:
        await self.open_tenant(tenant_of(stream))
        wrapped = self.keyring.create(stream)
        async with self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO stream_keys VALUES (%s, %s) ON CONFLICT (stream) DO NOTHING", (stream, wrapped)
            )
            cursor = await connection.execute("SELECT wrapped FROM stream_keys WHERE stream = %s", (stream,))
            row = await cursor.fetchone()
        self.keyring.unwrap(stream, bytes(row[0]))

    async def unseal(self, stream: str, sealed: bytes, context: str) -> bytes | None:
        """See `application/ports/keys.py`."""
        await self.unlock([stream])
        key = self.keyring.get(stream)
        return key.decrypt(sealed[:NONCE], sealed[NONCE:], f"{context}|{stream}".encode()) if key else None

    async def digest(self, tenant: str, data: bytes) -> bytes:
        """See `application/ports/keys.py`."""
        await self.open_tenant(tenant)
        return hmac.new(self.keyring.digest_key(tenant), data, hashlib.sha256).digest()
