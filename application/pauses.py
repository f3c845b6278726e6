"""Pauses in long work: others get a turn on the event loop after a few milliseconds of it."""

from __future__ import annotations

import asyncio

from application.clock import Seconds, monotonic

HOLD_S = 0.004
"""How long work goes on without a pause. Half of what a stream may notice: what comes between two looks at the clock
takes its time too."""


class Pauses:
    """For work that is done in pieces: `await pauses.take()` between them. One is shared by all that does the same
    work, so that many short pieces are one long work."""

    def __init__(self, hold_s: float = HOLD_S, clock: Seconds = monotonic) -> None:
        self._hold_s, self._clock = hold_s, clock
        self._since = clock()

    async def take(self) -> None:
        """Let others run, when it is time for it."""
        if self._clock() - self._since > self._hold_s:
            await asyncio.sleep(0)
            self._since = self._clock()
