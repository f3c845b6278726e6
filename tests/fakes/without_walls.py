"""What stands where a wall was taken away: a sealer that seals nothing, a cache that tells no two keys or tenants
apart."""

from __future__ import annotations

from typing import Any

import msgspec

from application.ports.models.answer_cache import CacheEntry, ExactCache
from tests.fakes.in_memory_answer_cache import InMemoryExactCache
from tests.fakes.in_memory_sealer import InMemorySealer


class NothingSealed(InMemorySealer):
    """Gives and takes the plain bytes."""

    async def seal(self, stream: str, plain: bytes, context: str) -> bytes:
        return plain

    async def unseal(self, stream: str, sealed: bytes, context: str) -> bytes | None:
        return sealed


class AnyKey:
    """A cache that gives the first thing that it has under any key, to anybody."""

    def __init__(self, kept: InMemoryExactCache) -> None:
        self._kept = kept

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        return next(iter(self._kept.entries.values()), None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)


class Restamped:
    """A cache whose entries all say that they are their reader's."""

    def __init__(self, kept: ExactCache) -> None:
        self._kept = kept

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        entry = await self._kept.get(tenant, key)
        return entry and msgspec.structs.replace(entry, stream=f"{tenant}/{entry.stream.partition('/')[2]}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)
