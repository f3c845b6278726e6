"""`StepReplies` on Valkey: an entry a key, sealed, under a keyed hash."""

from __future__ import annotations

from typing import Any

import msgspec

from application.acting_tenant import acting_tenant
from application.ports.models.answer_cache import CacheEntry

_decoder = msgspec.msgpack.Decoder(CacheEntry)


class ValkeyStepReplies:
    """See `application.ports.models.step_replies.StepReplies`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        """One command."""
        found = await self._client.get(_name(tenant, key))
        return _decoder.decode(found) if found else None

    async def put(self, tenant: str, key: bytes, entry: CacheEntry, ttl_s: int) -> None:
        """One command."""
        if ttl_s > 0:
            await self._client.set(_name(tenant, key), msgspec.msgpack.encode(entry), ex=ttl_s)


def _name(tenant: str, key: bytes) -> str:
    return f"step-reply:{acting_tenant(tenant)}:{key.hex()}"
