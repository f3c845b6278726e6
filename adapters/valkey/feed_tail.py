"""FeedTail on Valkey: a capped list a session, which expires an hour after its last frame."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from valkey.exceptions import ValkeyError

KEPT = 2_000
LIFE_S = 3_600
PROLONG_S = 60
MANY = 20_000
log = structlog.get_logger()


class ValkeyFeedTail:
    """Frames by stream. When Valkey is away nothing is kept and nothing fails."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._kept_until: dict[str, float] = {}

    async def push(self, frames: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        """One pipeline for all streams: one command each, for this goes on all the time that answers stream. A list is
        cut and its life prolonged once in a while."""
        pipe, now = self._client.pipeline(transaction=False), time.monotonic()
        for stream, items in frames:
            key = _key(stream)
            pipe.rpush(key, *items)
            if self._kept_until.get(stream, 0.0) < now:
                pipe.ltrim(key, -KEPT, -1)
                pipe.expire(key, LIFE_S + PROLONG_S)
                self._kept_until[stream] = now + PROLONG_S
        if len(self._kept_until) > MANY:
            self._kept_until = {stream: until for stream, until in self._kept_until.items() if until > now}
        try:
            await pipe.execute()
        except (ValkeyError, OSError, TimeoutError) as error:
            log.warning("feed_tail_not_kept", error=type(error).__name__)

    async def read(self, stream: str) -> list[bytes]:
        """Oldest first."""
        try:
            found: list[bytes] = await self._client.lrange(_key(stream), 0, -1)
        except (ValkeyError, OSError, TimeoutError) as error:
            log.warning("feed_tail_not_read", error=type(error).__name__)
            return []
        return found

    async def forget(self, stream: str) -> None:
        """Gone at once; an error reaches the caller, for erasure must know."""
        await self._client.delete(_key(stream))


def _key(stream: str) -> str:
    return f"feed:{stream}"
