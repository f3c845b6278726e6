"""A feed's tail in memory; tests may look into it, and change what lies there."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports.sessions.feed_tail import TailPiece


class InMemoryFeedTail:
    """`pushes` are the calls, each with the streams that it told of."""

    def __init__(self) -> None:
        self.pushes: list[dict[str, TailPiece]] = []
        self.kept: dict[str, list[TailPiece]] = {}

    async def push(self, pieces: Sequence[tuple[str, TailPiece]]) -> None:
        self.pushes.append(dict(pieces))
        for stream, piece in pieces:
            self.kept.setdefault(stream, []).append(piece)

    async def read(self, stream: str) -> list[TailPiece]:
        return list(self.kept.get(stream, []))

    async def forget(self, stream: str) -> None:
        self.kept.pop(stream, None)
