"""What a chat socket receives: each frame paid for, read and handled, or refused; after too many bad ones, the end.
Who was told to wait and does not is read from more slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from msgspec import UNSET

from api.connections import client_frames as f
from api.connections.client_socket import ClientSocket
from api.connections.frame_rates import FrameRates
from api.problems import close_code
from api.socket.frames_out import Closed, FramesOut
from api.socket.impatience import Impatience
from application.clock import monotonic
from domain.access import Principal
from domain.refusals import Forbidden, RateLimited, Refusal, SessionNotFound

BAD_FRAMES = 10
SHORT = 4_096
OPEN_WITHIN_S = 30.0


@dataclass(eq=False)
class FramesIn:
    """Each frame goes to `handle`."""

    client: ClientSocket
    rates: FrameRates
    principal: Principal
    out: FramesOut
    handle: Callable[[f.AnyClientFrame], Awaitable[None]]
    bad_frames: int = 0
    unread_frames: int = 0
    impatience: Impatience = field(default_factory=Impatience)

    async def run(self) -> None:
        """Read until the client leaves or is told to go: `ClientGone`, `Closed`."""
        while True:
            began = monotonic()
            text = await self._receive()
            waited = monotonic() - began
            if text is None:
                raise Closed(1003, "binary frames are not supported")
            try:
                self.rates.pay(self.principal, len(text))
            except RateLimited as refusal:
                await self._refuse_unread(refusal, text)
                continue
            self.unread_frames = 0
            try:
                await self.handle(f.read_frame(text))
                self.bad_frames = 0
                self.impatience.accepted()
            except Refusal as refusal:
                await self._refuse(refusal, text)
                if refusal.retryable:  # the frame was good, the moment was not
                    await self.impatience.refused(refusal, waited)

    async def _refuse_unread(self, refusal: RateLimited, text: str) -> None:
        """Nobody is told more than is cheap to know, nor often."""
        await self.out.tell_error(refusal, f.client_id_of(text) if len(text) <= SHORT else UNSET)
        self.unread_frames += 1
        if self.unread_frames >= BAD_FRAMES:
            raise Closed(close_code(refusal), "too many frames")

    async def _receive(self) -> str | None:
        if self.out.live:
            return await self.client.receive()
        try:
            return await asyncio.wait_for(self.client.receive(), OPEN_WITHIN_S)
        except TimeoutError:
            raise Closed(4408, "no session.open in time") from None

    async def _refuse(self, refusal: Refusal, text: str) -> None:
        await self.out.tell_error(refusal, f.client_id_of(text))
        if isinstance(refusal, SessionNotFound | Forbidden):
            raise Closed(close_code(refusal), refusal.code)
        if refusal.retryable:
            return
        self.bad_frames += 1
        if self.bad_frames >= BAD_FRAMES:
            raise Closed(4400, "too many bad frames")
