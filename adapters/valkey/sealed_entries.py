"""Entries in Valkey under secrets that only their holders have: the key is a hash, and the value sealed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from valkey.exceptions import ValkeyError

from domain.refusals import DependencyUnavailable

DEADLINE_S = 1.0
AT_ONCE = 500
NONCE = 12
Secrets = Callable[[], Sequence[bytes]]
T = TypeVar("T")
log = structlog.get_logger()
_encode = msgspec.msgpack.Encoder().encode


class SealedEntries(Generic[T]):
    """Values of type `kind` under names of `prefix`. Who reads the store cannot use what it holds, and who writes there
    can make nobody anybody: opening one takes the installation's secret and the entry's own.

    `secrets` are the installation's, the one to seal with first; the rest open what was sealed before they were
    replaced. Every method raises `DependencyUnavailable` when Valkey does not answer.
    """

    def __init__(self, client: Any, secrets: Secrets, prefix: str, kind: type[T]) -> None:
        self._client, self._secrets, self._prefix = client, secrets, prefix
        # A value that is put back after its end, or under another prefix, is nothing.
        self._decoder = msgspec.msgpack.Decoder(tuple[float, kind])  # type: ignore[valid-type]

    async def put(self, secret: str, value: T, ttl_s: float) -> None:
        """Keep a value for so long."""
        until, key = time.time() + ttl_s, self._key(secret)
        nonce = os.urandom(NONCE)
        sealed = self._cipher(self._secrets()[0], secret).encrypt(nonce, _encode((until, value)), key.encode())
        await self._within(self._client.set(key, nonce + sealed, px=max(1, int(ttl_s * 1000))))

    async def find(self, secret: str) -> T | None:
        """What is kept, which stays."""
        return self._opened(secret, await self._within(self._client.get(self._key(secret))))

    async def take(self, secret: str) -> T | None:
        """What was kept, which is gone: of many at once one gets it."""
        return self._opened(secret, await self._within(self._client.getdel(self._key(secret))))

    async def drop(self, secret: str) -> None:
        """Nothing is kept any more."""
        await self._within(self._client.delete(self._key(secret)))

    async def gather(self, group: str, secret: str, ttl_s: float) -> None:
        """Note that an entry is one of a group: whose that is nobody learns from the store."""
        key, pipe = self._group(self._secrets()[0], group), self._client.pipeline(transaction=True)
        pipe.sadd(key, name_of(secret))
        pipe.pexpire(key, max(1, int(ttl_s * 1000)), gt=True)
        pipe.pexpire(key, max(1, int(ttl_s * 1000)), nx=True)
        await self._within(pipe.execute())

    async def drop_group(self, group: str) -> int:
        """Nothing of a group is kept any more; how much was."""
        dropped = 0
        for ours in self._secrets():
            key = self._group(ours, group)
            names = [name.decode() for name in await self._within(self._client.smembers(key))]
            if names:
                dropped += await self._within(self._client.delete(*(f"{self._prefix}:{name}" for name in names)))
                await self._within(self._client.delete(key))
        return dropped

    async def missing(self, names: Sequence[str]) -> list[str]:
        """Which of the entries of these names are not kept, or not any more."""
        found: list[int] = []
        for first in range(0, len(names), AT_ONCE):
            pipe = self._client.pipeline(transaction=False)
            for name in names[first : first + AT_ONCE]:
                pipe.exists(f"{self._prefix}:{name}")
            found += await self._within(pipe.execute())
        return [name for name, there in zip(names, found, strict=True) if not there]

    async def _within(self, answer: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await answer
        except (ValkeyError, OSError, TimeoutError) as error:
            raise DependencyUnavailable(f"{self._prefix}: {type(error).__name__}") from None

    def _opened(self, secret: str, sealed: bytes | None) -> T | None:
        """None for what was never sealed for this secret here, and for what is too old."""
        if not sealed:
            return None
        for ours in self._secrets():
            try:
                plain = self._cipher(ours, secret).decrypt(sealed[:NONCE], sealed[NONCE:], self._key(secret).encode())
                until, value = self._decoder.decode(plain)
            except (InvalidTag, ValueError):  # of another secret, or another shape; msgspec's errors are ValueErrors
                continue
            return value if until > time.time() else None
        log.warning("entry_not_ours", prefix=self._prefix)
        return None

    def _cipher(self, ours: bytes, secret: str) -> AESGCM:
        """A key that takes both to make: what the installation keeps, and what only the secret's holder has."""
        derive = HKDF(
            algorithm=hashes.SHA256(), length=32, salt=secret.encode(), info=f"colloquy {self._prefix}".encode()
        )
        return AESGCM(derive.derive(ours))

    def _group(self, ours: bytes, group: str) -> str:
        return f"{self._prefix}:of:{hmac.digest(ours, group.encode(), 'sha256').hex()}"

    def _key(self, secret: str) -> str:
        return f"{self._prefix}:{name_of(secret)}"


def name_of(secret: str) -> str:
    """What an entry may be called before those who must not open it."""
    return hashlib.sha256(secret.encode()).hexdigest()
