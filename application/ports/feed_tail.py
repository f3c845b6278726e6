"""The last frames of sessions, kept outside the process so that they survive it for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class FeedTail(Protocol):
    """A bounded list of encoded frames per session. Losing it loses only the replay of frames, never a turn."""

    async def push(self, frames: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        """Add frames to the tails of several streams in one round trip; each lives for an hour after its last push."""
        ...

    async def read(self, stream: str) -> list[bytes]:
        """The frames kept for a stream, oldest first; empty when there are none or the store is away."""
        ...

    async def forget(self, stream: str) -> None:
        """Drop a stream's frames (erasure)."""
        ...
