"""Sees when the event loop stands still: counted, and logged with the place in the code where it stood, no values."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import msgspec
import structlog

from api.telemetry.metrics import loop_stalled_seconds, loop_stalls
from application.tasks import Up, idle

STALL_S = 0.25
"""From here on everybody who waits for the process sees it."""
LOOK_S = 0.1
"""How often the loop says that it runs, and how often the watcher looks."""
FRAMES = 16
log = structlog.get_logger()


class Stall(msgspec.Struct, frozen=True):
    """A loop that stands still, or stood: for how long, what CPU the process took meanwhile (little when the machine
    was busy or asleep, not we), and `module:line function`, the innermost first."""

    seconds: float
    cpu_seconds: float
    where: tuple[str, ...]


def tell(stall: Stall) -> None:
    """At once, while it stands: it may not go on."""
    loop_stalls.inc()
    log.error("event_loop_stalled", **_fields(stall))


def tell_end(stall: Stall) -> None:
    """When it goes on: how long it was in all."""
    loop_stalled_seconds.inc(stall.seconds)
    log.error("event_loop_went_on", **_fields(stall))


def _fields(stall: Stall) -> dict[str, Any]:
    """Not `at`, which is when a line was written."""
    return {"stalled_s": round(stall.seconds, 3), "cpu_s": round(stall.cpu_seconds, 3), "where": stall.where}


class LoopWatch:
    """A thread that watches the loop on which `run` runs. A call into C that keeps the interpreter to itself, such as a
    search by `re`, is seen as soon as it returns, at the line that made it."""

    def __init__(
        self,
        told: Callable[[Stall], None] = tell,
        ended: Callable[[Stall], None] = tell_end,
        stall_s: float = STALL_S,
        look_s: float = LOOK_S,
    ) -> None:
        self._told, self._ended, self._stall_s, self._look_s = told, ended, stall_s, look_s
        self._over = threading.Event()
        self._ran = self._cpu = 0.0
        self._next: asyncio.TimerHandle | None = None

    async def run(self, up: Up = idle) -> None:
        """Watch until it is cancelled."""
        self._over.clear()
        thread = ThreadPoolExecutor(1, "loop-watch")  # of its own: those of the loop are few, and may all be busy
        self._beat(asyncio.get_running_loop())
        up()
        try:
            await asyncio.get_running_loop().run_in_executor(thread, self._watch, threading.get_ident())
        finally:
            self._over.set()
            thread.shutdown(wait=False)
            if self._next:
                self._next.cancel()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._ran, self._cpu = time.perf_counter(), time.process_time()
        self._next = loop.call_later(self._look_s, self._beat, loop)

    def _watch(self, watched: int) -> None:
        stall: Stall | None = None
        since = cpu = 0.0
        while not self._over.wait(self._look_s):
            if stall and self._ran != since:
                self._ended(Stall(self._ran - since, self._cpu - cpu, stall.where))
                stall = None
            since, cpu = (self._ran, self._cpu) if stall is None else (since, cpu)
            stood = time.perf_counter() - since
            if stall is None and stood > self._stall_s:
                frame = sys._current_frames().get(watched)
                stall = Stall(stood, time.process_time() - cpu, tuple(_places(frame)))
                self._told(stall)


def _places(frame: FrameType | None) -> Iterator[str]:
    for _ in range(FRAMES):
        if frame is None:
            return
        yield f"{frame.f_globals.get('__name__', '?')}:{frame.f_lineno} {frame.f_code.co_qualname}"
        frame = frame.f_back
