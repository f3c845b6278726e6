"""The CPU time of a pattern on a text, with a ceiling at which it is stopped; other processes do not count."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class TooSlow(Exception):
    """The ceiling was reached."""


@contextmanager
def cpu_ceiling(seconds: float) -> Iterator[None]:
    """Stops what runs inside after `seconds` of this process's CPU: `re` looks for signals while it matches."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def cpu_seconds(work: Callable[[], object], ceiling: float, rounds: int = 2) -> float:
    """The least of several runs; `ceiling` when it takes that long or longer."""
    least = ceiling
    for _ in range(rounds):
        began = time.thread_time()
        try:
            with cpu_ceiling(ceiling):
                work()
        except TooSlow:
            return ceiling
        least = min(least, time.thread_time() - began)
    return least


def ways(pattern: re.Pattern[Any], text: str) -> list[Callable[[], object]]:
    """What may be asked of a pattern: all its matches, and whether it is the whole."""
    given: Any = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text

    def every() -> None:
        for _ in pattern.finditer(given):
            pass

    return [every, lambda: pattern.fullmatch(given)]
