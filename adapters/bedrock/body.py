"""The bytes of one streaming response, read in turns and decoded by ourselves."""

from __future__ import annotations

import asyncio
from typing import Any

from adapters.bedrock.answer import Answer
from adapters.bedrock.frames import FrameDecoder
from adapters.bedrock.pacer import Pacer

TAIL_S = 1.0  # after the last event: long enough for the end of the response, so that its connection can be used again


class PacedBody:
    """Reads an aiohttp response into an `Answer`, at the pacer's pace once the first content is there."""

    def __init__(self, response: Any, pacer: Pacer, *, first_by: float, idle_s: float) -> None:
        self.deadline = first_by
        self._reader = response.content
        # aiohttp's reader would go back to its parser after every piece it gives out, to ask whether there is more.
        self._reader._low_water = 0
        self._protocol = self._reader._protocol
        connection = response.connection  # None when the whole answer has come already
        self._transport: asyncio.Transport | None = connection.transport if connection else None
        self._pacer = pacer
        self._idle_s = idle_s
        self._frames = FrameDecoder()
        self._clock = asyncio.get_running_loop().time
        pacer.watch(self)

    async def read_into(self, answer: Answer) -> bool:
        """Wait for what comes next and add it; False at the end. TimeoutError when the deadline passed first,
        FrameError, ModelFailure or aiohttp's ClientError when the stream is broken."""
        data = await self._reader.readany()
        if self._protocol._reading_paused:  # there was too much at once, and it is out now
            self._protocol.resume_reading()
        if not data:
            if not self._frames.empty:
                raise ConnectionResetError("the stream ended inside a frame")
            return False
        for headers, payload in self._frames.feed(data):
            answer.take_frame(headers, payload)
        if answer.ending:
            self.deadline = self._clock() + (TAIL_S if answer.complete else self._idle_s)
        elif answer.started:
            self.deadline = self._clock() + self._idle_s
            if self._transport is not None:
                self._pacer.hold(self._transport)
        return True

    def expire(self) -> None:
        """Silence for too long: whoever waits for bytes gets TimeoutError."""
        self._reader.set_exception(TimeoutError("nothing arrived in time"))

    def close(self) -> None:
        """No longer watch it."""
        self._pacer.leave(self)
