"""Kept replies of steps in memory."""

from __future__ import annotations

from application.ports.models.answer_cache import CacheEntry


class InMemoryStepReplies:
    """`away` makes every call fail."""

    def __init__(self) -> None:
        self.away = False
        self.entries: dict[tuple[str, bytes], CacheEntry] = {}

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        if self.away:
            raise ConnectionError("away")
        return self.entries.get((tenant, key))

    async def put(self, tenant: str, key: bytes, entry: CacheEntry, ttl_s: int) -> None:
        if self.away:
            raise ConnectionError("away")
        if ttl_s > 0:
            self.entries[tenant, key] = entry
