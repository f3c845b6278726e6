"""The bytes of one streaming response, read in turns and decoded by ourselves."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec

from adapters.bedrock.answer import Answer
from adapters.bedrock.frames import FrameDecoder
from adapters.bedrock.pacer import Pacer

TAIL_S = 1.0  # after the last event: long enough for the end of the response, so that its connection can be used again


class SilenceLimits(msgspec.Struct, frozen=True):
    """For how long, in seconds, a stream may give nothing that can be shown: since a model last showed that it thinks,
    and since it last wrote of what it calls a tool with. Neither silence says that a stream is dead."""

    thinking_s: float = 120.0
    tool_input_s: float = 150.0


def has_low_water(reader: type[object]) -> bool:
    """Whether readers of this kind can be kept from going back to their parser after every piece that they give out, to
    ask whether there is more. They do so while they hold less than their low water mark."""
    return hasattr(reader, "_low_water")


class PacedBody:
    """Reads an aiohttp response into an `Answer`, at the pacer's pace once the first content is there. `lean`: without
    the reader's way back to its parser."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        pacer: Pacer,
        *,
        first_by: float,
        idle_s: float,
        patience: SilenceLimits = SilenceLimits(),  # noqa: B008  # frozen
        lean: bool = has_low_water(aiohttp.StreamReader),
    ) -> None:
        self.deadline = first_by
        self._reader = response.content
        if lean:
            self._reader._low_water = 0  # the one private attribute that we touch, for what it saves: see ADR 0161
        self._connection = response.connection  # None when the whole answer has come already
        self._pacer = pacer
        self._idle_s, self._patience = idle_s, patience
        self._frames = FrameDecoder()
        self._clock = asyncio.get_running_loop().time
        pacer.watch(self)

    async def read_into(self, answer: Answer) -> bool:
        """Wait for what comes next and add it; False at the end. TimeoutError when the deadline passed first,
        FrameError, ModelFailure or aiohttp's ClientError when the stream is broken."""
        data = await self._reader.readany()
        transport = self._connection.transport if self._connection else None
        if transport is not None and not transport.is_reading():  # there was too much at once, and it is out now
            self._read_on()
        if not data:
            if not self._frames.empty:
                raise ConnectionResetError("the stream ended inside a frame")
            return False
        for headers, payload in self._frames.feed(data):
            answer.take_frame(headers, payload)
        if answer.ending:
            self.deadline = self._clock() + (TAIL_S if answer.complete else self._idle_s)
        elif answer.thinking:
            self.deadline = max(self.deadline, self._clock() + self._patience.thinking_s)
        elif answer.started:
            self.deadline = self._clock() + (self._patience.tool_input_s if answer.calling else self._idle_s)
            if transport is not None:
                self._pacer.hold(transport)
        return True

    def _read_on(self) -> None:
        protocol = self._connection.protocol if self._connection else None
        if protocol is not None:
            protocol.resume_reading()

    def expire(self) -> None:
        """Silence for too long: whoever waits for bytes gets TimeoutError."""
        self._reader.set_exception(TimeoutError("nothing arrived in time"))

    def close(self) -> None:
        """No longer watch it."""
        self._pacer.leave(self)
