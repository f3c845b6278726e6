"""Whoever was told to wait, and asks before, pays with his own time: nothing more of him is read for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.clock import Seconds, monotonic
from domain.refusals import Refusal

FIRST_S, LONGEST_S = 0.05, 1.0
"""Rests: the first, and the longest, which a cancel behind a flood of questions waits too."""
SLACK_S = 0.005
"""By so much a client's clock may run ahead of ours; and a frame that was waited for less was there already."""

UNTOLD_S = 0.1
"""How long whoever was told of no time waits, whose turn still runs for one."""


@dataclass(eq=False)
class Impatience:
    """Of one socket. Who waits as he was told never rests here; each frame that comes too soon doubles the rest after
    it. What is not read fills the connection, and in the end its sender's own buffers: it costs us nothing."""

    clock: Seconds = monotonic
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep
    _not_before: float = 0.0
    _next_s: float = 0.0

    def accepted(self) -> None:
        """A frame was good and its moment too."""
        self._next_s = 0.0

    async def refused(self, refusal: Refusal, waited_s: float) -> None:
        """A frame was refused and its sender was told so, after it had been waited for so long."""
        now = self.clock()
        in_time = now >= self._not_before - SLACK_S and (waited_s >= SLACK_S or not self._next_s)
        self._not_before = now + (UNTOLD_S if refusal.retry_after_s is None else refusal.retry_after_s)
        if in_time:
            self._next_s = 0.0
            return
        self._next_s = min(2 * self._next_s or FIRST_S, LONGEST_S)
        await self.rest(self._next_s)
