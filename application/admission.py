"""How many turns a process takes at once, and how many requests a minute a tenant may make of it."""

from __future__ import annotations

import time
from collections import Counter

from domain.refusals import Draining, Overloaded, RateLimited


class Admission:
    """Refuses at once instead of queueing: what is over the limit is told when to come back (seconds)."""

    def __init__(self, *, turns: int, turns_per_tenant: int, requests_per_minute: int) -> None:
        self._turns, self._per_tenant, self._per_minute = turns, turns_per_tenant, requests_per_minute
        self.running: Counter[str] = Counter()
        self._tokens: dict[str, tuple[float, float]] = {}
        self.draining = False

    def request(self, tenant: str) -> None:
        """Count a request of a tenant; RateLimited when its bucket is empty (it fills evenly over a minute)."""
        now = time.monotonic()
        tokens, since = self._tokens.get(tenant, (float(self._per_minute), now))
        tokens = min(self._per_minute, tokens + (now - since) * self._per_minute / 60)
        if tokens < 1:
            raise RateLimited(retry_after_s=round((1 - tokens) * 60 / self._per_minute, 2))
        self._tokens[tenant] = (tokens - 1, now)

    def enter(self, tenant: str) -> None:
        """Take a place for a turn."""
        if self.draining:
            raise Draining(retry_after_s=1)
        if self.running.total() >= self._turns:
            raise Overloaded(retry_after_s=1)
        if self.running[tenant] >= self._per_tenant:
            raise RateLimited("Too many turns of this tenant run at once.", retry_after_s=1)
        self.running[tenant] += 1

    def leave(self, tenant: str) -> None:
        """Give the place back."""
        self.running[tenant] -= 1
        if not self.running[tenant]:
            del self.running[tenant]
