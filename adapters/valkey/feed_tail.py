"""FeedTail on Valkey: a capped list a session, sealed with the session's key, gone an hour after its last frame."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from valkey.exceptions import ValkeyError

from application.acting_tenant import acting_for, acting_tenant
from application.clock import monotonic
from application.ports.facts.keys import Sealer
from application.ports.sessions.feed_tail import TailPiece
from domain.refusals import Refusal

KEPT = 2_000
READ_AT_ONCE = 250
READ_BYTES = 4 * 1024 * 1024
"""More than a feed keeps."""
LIFE_S = 3_600
PROLONG_S = 60
MANY = 20_000
PLACE = struct.Struct(">QQ")
"""How an item begins: the place of its frames in the feed, to which its sealed rest is bound."""
log = structlog.get_logger()


class ValkeyFeedTail:
    """See the port. When Valkey is away nothing is kept and nothing fails."""

    def __init__(self, client: Any, sealer: Sealer) -> None:
        self._client, self._sealer = client, sealer
        self._kept_until: dict[str, float] = {}

    async def push(self, pieces: Sequence[tuple[str, TailPiece]]) -> None:
        """One pipeline for all streams: one command each, for this goes on all the time that answers stream. A list is
        cut and its life prolonged once in a while."""
        pipe, now = self._client.pipeline(transaction=False), monotonic()
        for stream, piece in pieces:
            with acting_for(_tenant(stream)):  # the process mirrors the sessions of all whom it answers, one by one
                item = await self._sealed(stream, piece)
            if item is None:
                continue
            key = _key(stream)
            pipe.rpush(key, item)
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

    async def read(self, stream: str) -> list[TailPiece]:
        """In the order in which they were pushed; of a long tail its end."""
        acting_tenant(_tenant(stream))
        try:
            found = await self._end_of(_key(stream))
        except (ValkeyError, OSError, TimeoutError) as error:
            log.warning("feed_tail_not_read", error=type(error).__name__)
            return []
        pieces = [piece for item in found if (piece := await self._opened(stream, item))]
        if len(pieces) < len(found):
            log.warning("feed_tail_not_ours", stream=stream, items=len(found) - len(pieces))
        return pieces

    async def _end_of(self, key: str) -> list[bytes]:
        """The last items, newest read first, until they are enough."""
        found: list[bytes] = []
        size = 0
        for end in range(0, KEPT, READ_AT_ONCE):
            some: list[bytes] = await self._client.lrange(key, -end - READ_AT_ONCE, -end - 1)
            found = some + found
            size += sum(map(len, some))
            if len(some) < READ_AT_ONCE or size > READ_BYTES:
                break
        return found

    async def forget(self, stream: str) -> None:
        """Gone at once; an error reaches the caller, for erasure must know."""
        acting_tenant(_tenant(stream))
        await self._client.delete(_key(stream))

    async def _sealed(self, stream: str, piece: TailPiece) -> bytes | None:
        place = PLACE.pack(piece.after, piece.last)
        try:
            return place + await self._sealer.seal(stream, piece.frames, _context(place))
        except Refusal as refusal:  # erased meanwhile, or its key cannot be had just now
            log.info("feed_tail_not_sealed", code=refusal.code)
            return None

    async def _opened(self, stream: str, item: bytes) -> TailPiece | None:
        place, sealed = item[: PLACE.size], item[PLACE.size :]
        try:
            after, last = PLACE.unpack(place)
            frames = await self._sealer.unseal(stream, sealed, _context(place))
        except (struct.error, ValueError, InvalidTag):
            return None
        return None if frames is None else TailPiece(after, last, frames)


def _context(place: bytes) -> str:
    return f"feed_tail.1/{place.hex()}"


def _tenant(stream: str) -> str:
    return stream.partition("/")[0]


def _key(stream: str) -> str:
    return f"feed:{stream}"
