"""The same answer through the library's own event stream parser: slower, but it needs nothing private."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from adapters.bedrock.answer import EVENTS, Answer


class LibraryBody:
    """Reads botocore's parsed events into an `Answer`, one at a time."""

    def __init__(self, stream: Any, *, first_by: float, idle_s: float) -> None:
        self._events = aiter(stream)
        self._deadline = first_by
        self._idle_s = idle_s

    async def read_into(self, answer: Answer) -> bool:
        """Wait for one event and add it; False at the end. Raises as the library does, and TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout_at(self._deadline):
            event = await anext(self._events, None)
        if event is None:
            return False
        for name, body in event.items():
            if name in EVENTS:
                answer.take(msgspec.convert(body, EVENTS[name]))
        if answer.started or answer.ending:
            self._deadline = loop.time() + self._idle_s
        return True

    def close(self) -> None:
        """Nothing is held."""
