"""What a chat socket sends: its session's feed from its cursor on, and frames without a seq of their own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, UnsetType

from api.connections import client_frames as f
from api.connections.client_socket import ClientSocket
from api.telemetry.metrics import refusal_names, refusals
from application.clock import now, rfc3339
from application.sessions.live_session import LiveSession
from application.sessions.resuming import cursor_after
from domain.refusals import Refusal, ResumeOutOfRange

FLUSH_S = 1.0


class Closed(Exception):
    """The socket is done: close it with this code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(eq=False)
class FramesOut:
    """A cursor on a feed. Nothing is sent of it before a session is opened."""

    client: ClientSocket
    live: LiveSession | None = None
    cursor: int = 0
    first: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def attach(self, live: LiveSession, after_seq: int | None) -> None:
        """This is its session; `ResumeOutOfRange`. The feed is sent once `opened` is set."""
        self.cursor = self.first = first_cursor(live, after_seq)
        self.live = live

    async def follow(self) -> None:
        """Send what comes for as long as the client reads fast enough."""
        await self.opened.wait()
        live = self.live
        assert live is not None, "it is set before `opened`"
        feed = live.feed
        while True:
            await feed.news(self.cursor)
            if self.cursor < feed.floor:
                raise Closed(1013, "too far behind")
            for frame in feed.since(self.cursor):
                self.cursor = frame.seq
                await self.send(frame)

    async def flush(self) -> None:
        """What the feed still holds for this socket, the end of its turn above all, before it is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                for frame in self.live.feed.since(self.cursor) if self.live else ():
                    self.cursor = frame.seq
                    await self.send(frame)

    async def send(self, frame: Any) -> None:
        """One frame out; the socket's watchdog ends a socket whose client does not read for too long."""
        await self.client.send(f.encode(frame).decode())

    def notice(self) -> dict[str, Any]:
        """What every frame without a seq of its own carries."""
        live = self.live
        return {"seq": self.cursor, "session_id": live.id.id if live else "", "at": rfc3339(now())}

    async def tell_error(self, refusal: Refusal, client_id: str | UnsetType = UNSET) -> None:
        """An `error` frame."""
        refusals.labels(refusal_names(refusal.code)).inc()
        retry = UNSET if refusal.retry_after_s is None else refusal.retry_after_s
        await self.send(
            f.Error(
                **self.notice(), code=refusal.code, message=refusal.detail, client_id=client_id, retry_after_s=retry
            )
        )


def first_cursor(live: LiveSession, after_seq: int | None) -> int:
    """Where a socket begins to read: after what the client has, at the start of a running turn, or at the end."""
    cursor = cursor_after(live, after_seq)
    if cursor is None:
        raise ResumeOutOfRange
    return cursor
