"""FeedTail on Valkey: a capped list a session, which expires an hour after its last frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from valkey.exceptions import ValkeyError

KEPT = 2_000
LIFE_S = 3_600
log = structlog.get_logger()


class ValkeyFeedTail:
    """Frames by stream. When Valkey is away nothing is kept and nothing fails."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def push(self, frames: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        """One pipeline for all streams."""
        pipe = self._client.pipeline(transaction=False)
        for stream, items in frames:
            key = _key(stream)
            pipe.rpush(key, *items)
            pipe.ltrim(key, -KEPT, -1)
            pipe.expire(key, LIFE_S)
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
