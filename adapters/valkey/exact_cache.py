"""`ExactCache` on Valkey: an entry a key, a pointer from the turn that it came from, and a lead that expires."""

from __future__ import annotations

from typing import Any

import msgspec

from application.acting_tenant import acting_tenant
from application.ports.models.answer_cache import CacheEntry

_decoder = msgspec.msgpack.Decoder(CacheEntry)
# Only the leader prolongs or gives up its lead; one step, so that none can come in between.
LEAD = """
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
RESIGN = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class ValkeyExactCache:
    """See `application.ports.models.answer_cache.ExactCache`. What it holds is sealed and its keys are keyed hashes."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        """One command."""
        found = await self._client.get(_answer(tenant, key))
        return _decoder.decode(found) if found else None

    async def put(self, tenant: str, key: bytes, entry: CacheEntry, ttl_s: int) -> None:
        """The entry and the pointer by which it is evicted, in one round trip."""
        if ttl_s <= 0:
            return
        pipe = self._client.pipeline(transaction=False)
        pipe.set(_answer(tenant, key), msgspec.msgpack.encode(entry), ex=ttl_s)
        pipe.set(_of_turn(tenant, entry.turn), key, ex=ttl_s)
        await pipe.execute()

    async def evict(self, tenant: str, turn: str) -> None:
        """By its pointer; the key may by now hold another turn's answer, which then is made anew."""
        key = await self._client.getdel(_of_turn(tenant, turn))
        if key:
            await self._client.delete(_answer(tenant, key))

    async def lead(self, tenant: str, key: bytes, token: str, ttl_s: float) -> bool:
        """One script."""
        return bool(await self._client.eval(LEAD, 1, _lead(tenant, key), token, int(ttl_s * 1000)))

    async def resign(self, tenant: str, key: bytes, token: str) -> None:
        """One script."""
        await self._client.eval(RESIGN, 1, _lead(tenant, key), token)


def _answer(tenant: str, key: bytes) -> str:
    return f"answer:{acting_tenant(tenant)}:{key.hex()}"


def _of_turn(tenant: str, turn: str) -> str:
    return f"answer-of:{acting_tenant(tenant)}:{turn}"


def _lead(tenant: str, key: bytes) -> str:
    return f"answer-lead:{acting_tenant(tenant)}:{key.hex()}"
