"""How many frames a client may send, paid for by what reading them costs: each something, and more by its length."""

from __future__ import annotations

from application.budget.gcra import Buckets
from application.budget.limit_refusals import rounded
from application.clock import Seconds, monotonic
from domain.access import Principal
from domain.refusals import RateLimited

A_UNIT = 4_096
"""Characters; about a millisecond to read and check."""
USERS_A_TENANT = 4
"""So many users can use all that their tenant has."""


class FrameRates:
    """A frame is paid for when it has come and before it is read: it may be anything, a ping or nothing that makes
    sense. `per_minute` units of a user, four times as many of a tenant; in this process, whose time it is."""

    def __init__(self, per_minute: float, clock: Seconds = monotonic) -> None:
        self._per_minute = per_minute
        self._buckets = Buckets(clock)

    def pay(self, principal: Principal, characters: int) -> None:
        """RateLimited when there is not enough left; then nothing is taken."""
        units = 1 + characters / A_UNIT
        rates = (
            ((principal.tenant, principal.user), self._per_minute),
            ((principal.tenant,), self._per_minute * USERS_A_TENANT),
        )
        if wait := max(self._buckets.wait_s(key, units, rate) for key, rate in rates):
            raise RateLimited("Too many frames, or too large; try again later.", retry_after_s=rounded(wait))
        for key, rate in rates:
            self._buckets.take(key, units, rate)
