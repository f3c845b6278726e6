"""A circuit breaker per model: opens when too many recent calls fail or are slow, and lets a few probes through later.

A window of 30 s, at least 20 calls, half of them failed or slow; open for 10 s, doubling to 120 s; three probes. What
the caller did wrong and throttling never count: the one would let a bad prompt close the door for everybody, the other
is a limit and not a fault.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["ok", "failed", "slow"]
State = Literal["closed", "open", "half_open"]

WINDOW_S = 30.0
LEAST_CALLS = 20
SHARE = 0.5
OPEN_S, OPEN_MAX_S = 10.0, 120.0
PROBES = 3


@dataclass(slots=True)
class Breaker:
    """One model's breaker. `clock` gives seconds that only rise."""

    clock: Callable[[], float] = time.monotonic
    state: State = "closed"
    _calls: deque[tuple[float, bool]] = field(default_factory=deque)
    _open_until: float = 0.0
    _open_for: float = OPEN_S
    _probes: int = 0
    _probes_ok: int = 0

    def allows(self) -> bool:
        """Whether a call may go now. In the half-open state only so many probes may."""
        if self.state == "open" and self.clock() >= self._open_until:
            self.state, self._probes, self._probes_ok = "half_open", 0, 0
        if self.state == "half_open":
            if self._probes >= PROBES:
                return False
            self._probes += 1
            return True
        return self.state == "closed"

    def record(self, outcome: Outcome) -> None:
        """How a call went that was allowed. What says nothing of the model is not recorded at all: see `forget`."""
        bad = outcome != "ok"
        if self.state == "half_open":
            return self._probe(bad)
        now = self.clock()
        self._calls.append((now, bad))
        while self._calls[0][0] < now - WINDOW_S:
            self._calls.popleft()
        failed = sum(bad for _, bad in self._calls)
        if self.state == "closed" and len(self._calls) >= LEAST_CALLS and failed >= SHARE * len(self._calls):
            self._trip()
        return None

    def forget(self) -> None:
        """An allowed call ended without telling anything of the model's health: its probe may be used again."""
        if self.state == "half_open":
            self._probes = max(self._probes_ok, self._probes - 1)

    def _probe(self, bad: bool) -> None:
        if bad:
            self._open_for = min(OPEN_MAX_S, self._open_for * 2)
            return self._trip()
        self._probes_ok += 1
        if self._probes_ok >= PROBES:
            self.state, self._open_for = "closed", OPEN_S
            self._calls.clear()
        return None

    def _trip(self) -> None:
        self.state, self._open_until = "open", self.clock() + self._open_for
        self._calls.clear()
