"""Futures that all have the same time to be done: one timer for however many there are."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class SharedDeadline:
    """Whatever is watched has `late()` as its exception when it is not done within `seconds`."""

    def __init__(self, seconds: float, late: Callable[[], Exception]) -> None:
        self._seconds, self._late = seconds, late
        self._watched: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def watch(self, future: asyncio.Future[Any]) -> None:
        """From now on its time runs."""
        loop = asyncio.get_running_loop()
        self._let_go()
        self._watched.append((loop.time() + self._seconds, future))
        if self._timer is None:
            self._timer = loop.call_at(self._watched[0][0], self._look)

    def _let_go(self) -> None:
        while self._watched and self._watched[0][1].done():
            self._watched.popleft()

    def _look(self) -> None:
        loop, self._timer = asyncio.get_running_loop(), None
        while self._watched and (self._watched[0][1].done() or self._watched[0][0] <= loop.time()):
            future = self._watched.popleft()[1]
            if not future.done():
                future.set_exception(self._late())
        if self._watched:
            self._timer = loop.call_at(self._watched[0][0], self._look)
