"""Rates that are kept in this process: GCRA, the generic cell rate algorithm, one number a bucket."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from application.clock import Seconds, monotonic

MINUTE_S = 60.0
MOST = 50_000


class Buckets:
    """Each bucket holds what `period_s` (a minute) brings and fills evenly. A bucket is the time at which it will be
    full again (https://brandur.org/rate-limiting); one that is full need not be kept. `clock` gives seconds that only
    rise."""

    def __init__(self, clock: Seconds = monotonic, period_s: float = MINUTE_S, most: int = MOST) -> None:
        self._clock, self._period, self._most = clock, period_s, most
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def wait_s(self, key: Hashable, amount: float, per_period: float) -> float:
        """Seconds until `amount` could be taken; 0 now. More than a period's worth can be taken when the bucket is
        full, and leaves a debt."""
        now = self._clock()
        cost = min(amount * self._period / per_period, self._period)
        return max(0.0, max(self._full_at.get(key, now), now) + cost - self._period - now - 1e-6)

    def take(self, key: Hashable, amount: float, per_period: float) -> None:
        """Take `amount`, whatever is there."""
        now = self._clock()
        self._keep(key, max(self._full_at.get(key, now), now) + amount * self._period / per_period)

    def note(self, key: Hashable, amount: float, per_period: float) -> None:
        """Take `amount` that somebody else allowed: the bucket is empty at the worst, never in debt."""
        self.take(key, amount, per_period)
        self._full_at[key] = min(self._full_at[key], self._clock() + self._period)

    def give_back(self, key: Hashable, amount: float, per_period: float) -> None:
        """What was taken and not used (negative: used beyond)."""
        if key in self._full_at:
            self._full_at[key] -= amount * self._period / per_period

    def _keep(self, key: Hashable, full_at: float) -> None:
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
