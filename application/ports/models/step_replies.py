"""Replies of steps, kept for inputs that come again."""

from __future__ import annotations

from typing import Protocol

from application.ports.models.answer_cache import CacheEntry


class StepReplies(Protocol):
    """Sealed replies by key. Every method may fail; whoever calls treats that as having nothing."""

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        """What is kept under a key of this tenant."""
        ...

    async def put(self, tenant: str, key: bytes, entry: CacheEntry, ttl_s: int) -> None:
        """Keep an entry for so long; not at all when that is 0."""
        ...
