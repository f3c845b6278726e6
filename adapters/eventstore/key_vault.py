"""Seals with the keys of streams, for other stores too; makes the keys of tenants."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import os
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from adapters.eventstore.key_renewal import KeyRenewal
from adapters.eventstore.keyring import NONCE, Keyring
from adapters.eventstore.sealed_files import SealingReader, unseal_file
from adapters.eventstore.stream_keys import WrappedStreamKeys
from adapters.eventstore.tenant_keys import WrappedTenantKeys
from application.ports.facts.keys import KeyAuthority

SMALL = 64 * 1024
"""Unsealed at once: that takes less time than to wake a thread for it."""


class KeyVault:
    """`Sealer` and `TenantKeys` over one keyring."""

    def __init__(self, pool: Any, authority: KeyAuthority, keyring: Keyring, worker: Any = None) -> None:
        self.keyring, self.tenants = keyring, WrappedTenantKeys(pool, authority, keyring)
        self.renewal = KeyRenewal(pool, authority, keyring, self.tenants)
        self.streams = WrappedStreamKeys(pool, keyring, self.tenants, worker)

    async def create_tenant_key(self, tenant: str) -> None:
        """See `application/ports/facts/keys.py`."""
        await self.tenants.create(tenant)

    async def unlock(self, streams: Sequence[str]) -> None:
        """See `application/ports/facts/keys.py`."""
        await self.streams.unlock(streams)

    async def make_keys(self, streams: Sequence[str]) -> None:
        """See `application/ports/facts/keys.py`."""
        await self.streams.make(streams)

    async def seal(self, stream: str, plain: bytes, context: str) -> bytes:
        """See `application/ports/facts/keys.py`."""
        cipher, nonce = await self.streams.sealing(stream), os.urandom(NONCE)
        return nonce + cipher.encrypt(nonce, plain, f"{context}|{stream}".encode())

    async def sealing(self, stream: str, plain: BinaryIO, context: str) -> BinaryIO:
        """See `application/ports/facts/keys.py`."""
        cipher = await self.streams.sealing(stream)
        return cast(BinaryIO, SealingReader(cipher, plain, f"{context}|{stream}".encode()))

    async def unseal(self, stream: str, sealed: bytes, context: str) -> bytes | None:
        """See `application/ports/facts/keys.py`."""
        cipher = await self.streams.usable(stream)
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], f"{context}|{stream}".encode()) if cipher else None

    async def unseal_file(self, stream: str, sealed: BinaryIO, into: BinaryIO, context: str) -> bool:
        """See `application/ports/facts/keys.py`."""
        cipher = await self.streams.usable(stream)
        if cipher is None:
            return False
        bound_to = f"{context}|{stream}".encode()
        if sealed.seek(0, io.SEEK_END) <= SMALL:
            unseal_file(cipher, sealed, into, bound_to)
        else:
            await asyncio.to_thread(unseal_file, cipher, sealed, into, bound_to)
        return True

    async def digest(self, tenant: str, data: bytes) -> bytes:
        """See `application/ports/facts/keys.py`."""
        await self.tenants.open(tenant)
        return hmac.new(self.keyring.tenants.digest_key(tenant), data, hashlib.sha256).digest()
