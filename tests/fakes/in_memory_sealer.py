"""A sealer in memory: really seals, with keys that live as long as the object; shares a store's shredded streams."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.refusals import NotFound


class InMemorySealer:
    """`shredded` may be `InMemoryEventStore.shredded`, so that shredding a stream there drops its key here."""

    def __init__(self, shredded: set[str] | None = None) -> None:
        self._keys: dict[str, bytes] = {}
        self.shredded = set() if shredded is None else shredded

    async def unlock(self, streams: Sequence[str]) -> None:
        return None

    async def make_keys(self, streams: Sequence[str]) -> None:
        return None

    async def seal(self, stream: str, plain: bytes, context: str) -> bytes:
        if stream in self.shredded:
            raise NotFound
        key = self._keys.setdefault(stream, AESGCM.generate_key(256))
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plain, f"{context}|{stream}".encode())

    async def unseal(self, stream: str, sealed: bytes, context: str) -> bytes | None:
        if stream in self.shredded or stream not in self._keys:
            return None
        return AESGCM(self._keys[stream]).decrypt(sealed[:12], sealed[12:], f"{context}|{stream}".encode())

    async def sealing(self, stream: str, plain: BinaryIO, context: str) -> BinaryIO:
        plain.seek(0)
        return BytesIO(await self.seal(stream, plain.read(), context))

    async def unseal_file(self, stream: str, sealed: BinaryIO, into: BinaryIO, context: str) -> bool:
        plain = await self.unseal(stream, sealed.read(), context)
        into.write(plain or b"")
        into.seek(0)
        return plain is not None

    async def digest(self, tenant: str, data: bytes) -> bytes:
        return hmac.new(tenant.encode(), data, hashlib.sha256).digest()
