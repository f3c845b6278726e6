"""An event loop that waits for nothing: its clock jumps to the next timer, and no kernel is asked for anything."""

from __future__ import annotations

import asyncio
import selectors

A_ROUND_S = 2e-5
"""What a round of the loop takes, in seconds: so timers come also where somebody spins."""


class NothingLeft(RuntimeError):
    """Nothing is ready and no timer is set: whatever is waited for will never be."""


class Clockwork(selectors.DefaultSelector):
    """Nothing ever comes from outside: what would be waited is added to `now`, in seconds."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft
        self.now += max(timeout, A_ROUND_S)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop on such a clock; what runs there waits for no thread and for no other process."""

    def __init__(self) -> None:
        self._clockwork = Clockwork()
        super().__init__(self._clockwork)

    def time(self) -> float:
        return self._clockwork.now
