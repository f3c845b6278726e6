"""Time that passes at once: a loop whose clock jumps to its next timer when nothing is ready."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")
A_ROUND_S = 1e-4
"""What a round of the loop takes, in seconds: so timers come also where somebody spins."""


class JumpingSelector(selectors.DefaultSelector):
    """Waits for no timer: what would be waited is added to `now`, in seconds."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout is not None else None)
        if not ready:
            self.now += max(timeout or 0, A_ROUND_S)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop on such a clock. What runs there waits for no thread and for no other process under a deadline."""

    def __init__(self, clock: JumpingSelector | None = None) -> None:
        self._clock = clock or JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """The test on a loop of its own, whose waits take no time; for tests on fakes, without fixtures of another loop."""

    @functools.wraps(test)
    def run(*args: P.args, **named: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **named))

    return run
