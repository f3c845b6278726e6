"""One timer for everything that happens at its time: thousands of streams cost one wake-up every few milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TICK_S = 0.004


class Ticker:
    """Calls things when their time has come, at most a tick late. Runs only while something waits."""

    def __init__(self, tick_s: float = TICK_S) -> None:
        self._tick_s = tick_s
        self._slots: dict[int, list[Callable[[], None]]] = {}
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call at `when` on the loop's clock."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._next = int(loop.time() / self._tick_s)
            self._timer = loop.call_later(self._tick_s, self._tick)
        slot = max(self._next, int(when / self._tick_s) + 1)
        self._slots.setdefault(slot, []).append(call)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        reached = int(loop.time() / self._tick_s)
        while self._next <= reached:
            due = self._slots.pop(self._next, ())
            self._next += 1
            for call in due:
                call()
        self._timer = loop.call_later(self._tick_s, self._tick) if self._slots else None
