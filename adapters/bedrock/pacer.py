"""One timer for all streams of the process: it decides when each may read again, and notices those that fell silent.

Left alone, every token costs a wake-up of the socket, of the HTTP parser and of a task. Between its turns a stream's
socket is not read at all, so its tokens gather in the kernel and come out with one read. With few streams a turn comes
every 10 ms, with many every 120 ms, staggered over the slots between; a person sees no difference.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from application.tasks import isolated, note_end

TICK_S = 0.01
SLOTS = 12
STREAMS_A_SLOT = 25  # one slot (10 ms) more for each so many live streams


class TimedStream(Protocol):
    """A stream with a moment, on the loop's clock, after which its silence is a failure."""

    deadline: float

    def expire(self) -> None:
        """The moment has passed."""
        ...


class Pacer:
    """Live streams and the slots in which held sockets are let go. Runs only while there are streams."""

    def __init__(self, tick_s: float = TICK_S) -> None:
        self._tick_s = tick_s
        self._streams: set[TimedStream] = set()
        self._held: list[list[asyncio.Transport]] = [[] for _ in range(SLOTS)]
        self._slot = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, stream: TimedStream) -> None:
        """Look after a stream's deadline until `leave`."""
        self._streams.add(stream)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._tick)

    def leave(self, stream: TimedStream) -> None:
        """The stream has ended."""
        self._streams.discard(stream)

    def hold(self, transport: asyncio.Transport) -> None:
        """Do not read this socket before its next turn, 10 to 120 ms from now."""
        if transport.is_closing():
            return
        transport.pause_reading()
        wait = min(SLOTS, 1 + len(self._streams) // STREAMS_A_SLOT)
        self._held[(self._slot + wait) % SLOTS].append(transport)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._tick_s, self._tick)  # first of all: one bad socket must not stop the rest
        self._slot = (self._slot + 1) % SLOTS
        due, self._held[self._slot] = self._held[self._slot], []
        for transport in due:
            try:
                if not transport.is_closing():
                    transport.resume_reading()
            except Exception as error:  # as `isolated`, at a fraction of what that costs each delta
                note_end("stream_pacer", error)
        if self._slot == 0:  # once a round is often enough for deadlines of seconds
            now = loop.time()
            for stream in [stream for stream in self._streams if stream.deadline <= now]:
                with isolated("stream_pacer"):
                    stream.expire()
        if not self._streams and not any(self._held):
            self._timer.cancel()
            self._timer = None
