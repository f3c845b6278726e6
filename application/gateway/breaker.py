"""A circuit breaker per model: opens when too many recent calls fail or are slow, and lets a few probes through later.

A window of 30 s, at least 20 calls, half of them failed or slow; open for 10 s, doubling to 120 s; three probes, of
which half decide again. Calls count from when they leave, as good until they are not: failures end soon and answers
late, so that among the calls that have ended the failures of a burst would always be the most.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from application.clock import Seconds, monotonic

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

    clock: Seconds = monotonic
    state: State = "closed"
    _began: deque[float] = field(default_factory=deque)
    _failed: deque[float] = field(default_factory=deque)
    _open_until: float = 0.0
    _open_for: float = OPEN_S
    _probes: int = 0
    _probes_ended: int = 0
    _probes_bad: int = 0
    _sick_since: float | None = None

    @property
    def sick_for_s(self) -> float:
        """How long ago it opened that has not closed since; 0 when it is closed."""
        return 0.0 if self._sick_since is None else self.clock() - self._sick_since

    @property
    def shut_for_s(self) -> float | None:
        """How long it lets nothing through yet; None when it is not open."""
        return max(0.0, self._open_until - self.clock()) if self.state == "open" else None

    def allows(self) -> bool:
        """Whether a call may go now; it must then be told of by `record` or `forget`. In the half-open state only so
        many probes may."""
        if self.state == "open" and self.clock() >= self._open_until:
            self.state, self._probes, self._probes_ended, self._probes_bad = "half_open", 0, 0, 0
        if self.state == "half_open":
            if self._probes >= PROBES:
                return False
            self._probes += 1
            return True
        if self.state == "closed":
            self._began.append(self.clock())
        return self.state == "closed"

    def record(self, outcome: Outcome) -> None:
        """How a call went that was allowed. What says nothing of the model is not recorded at all: see `forget`."""
        bad = outcome != "ok"
        if self.state == "half_open":
            return self._probe(bad)
        if bad and self.state == "closed":
            now = self.clock()
            self._failed.append(now)
            for times in (self._began, self._failed):
                while times and times[0] < now - WINDOW_S:
                    times.popleft()
            if len(self._began) >= LEAST_CALLS and len(self._failed) >= SHARE * len(self._began):
                self._trip()
        return None

    def forget(self) -> None:
        """An allowed call ended without telling anything of the model's health: its probe may be used again."""
        if self.state == "half_open":
            self._probes = max(self._probes_ended, self._probes - 1)
        elif self._began:
            self._began.pop()

    def _probe(self, bad: bool) -> None:
        self._probes_ended += 1
        self._probes_bad += bad
        if self._probes_bad >= SHARE * PROBES:
            self._open_for = min(OPEN_MAX_S, self._open_for * 2)
            return self._trip()
        if self._probes_ended >= PROBES:
            self.state, self._open_for, self._sick_since = "closed", OPEN_S, None
        return None

    def _trip(self) -> None:
        self.state, self._open_until = "open", self.clock() + self._open_for
        if self._sick_since is None:
            self._sick_since = self.clock()
        self._began.clear()
        self._failed.clear()
