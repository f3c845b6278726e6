"""Gives up replies that do not come in time: one timer for all that are waited for, however many they are."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from application.clock import Seconds, monotonic

LOOK_S = 0.03
PUNCTUAL_LOOKS = 4
"""So many looks since it was asked, and it is given up: after 0.09 to 0.12 s. A look that comes late shows that this
process was busy, not the server, and does not count."""
LATE_S = 0.01
MOST_LOOKS = 12
"""With those that do not count."""


class Patience:
    """Replies in the order in which they were asked for. Looks only while there are any."""

    def __init__(self, clock: Seconds = monotonic) -> None:
        self._clock = clock
        self._waiting: deque[tuple[asyncio.Future[Any], int, int]] = deque()
        self._looks = self._punctual = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def watch(self, reply: asyncio.Future[Any]) -> None:
        """It has TimeoutError when it does not come in time."""
        self._waiting.append((reply, self._looks, self._punctual))
        if self._timer is None:
            self._look_later()

    def _look_later(self) -> None:
        self._due = self._clock() + LOOK_S
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self.look)

    def look(self) -> None:
        """What the timer does."""
        self._timer = None
        self._looks += 1
        self._punctual += self._clock() < self._due + LATE_S
        while self._waiting:
            reply, looks, punctual = self._waiting[0]
            if not reply.done():
                if self._punctual - punctual < PUNCTUAL_LOOKS and self._looks - looks < MOST_LOOKS:
                    return self._look_later()  # those behind it have waited less
                reply.set_exception(TimeoutError("no answer in time"))
            self._waiting.popleft()
        return None
