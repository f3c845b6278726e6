"""The last frames of sessions, kept outside the process so that they survive it for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class TailPiece(msgspec.Struct, frozen=True):
    """Encoded frames of one session, `after < seq <= last`: `after` is the `last` of the piece before it, by which the
    pieces of a tail are known to be whole."""

    after: int
    last: int
    frames: bytes


class FeedTail(Protocol):
    """A bounded list of pieces per session. Losing it loses only the replay of frames, never a turn."""

    async def push(self, pieces: Sequence[tuple[str, TailPiece]]) -> None:
        """Add a piece to the tails of several streams in one round trip; each lives for an hour after its last push.
        What is kept can be read with the stream's own key alone."""
        ...

    async def read(self, stream: str) -> list[TailPiece]:
        """The pieces kept for a stream; empty when there are none or the store is away. Whatever stands there that was
        not pushed for this stream in this very place of its feed, or whose key is gone, is passed over. That none is
        missing, and none there twice, is for the reader to see."""
        ...

    async def forget(self, stream: str) -> None:
        """Drop a stream's frames (erasure)."""
        ...
