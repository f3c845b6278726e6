"""How many turns a process takes at once, and how many of a tenant and of a user."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

from domain.refusals import Draining, Overloaded, RateLimited

K = TypeVar("K")
TOO_MANY_TURNS = "Too many turns of this tenant run at once."
TOO_MANY_OF_USER = "Too many turns of this user run at once."


class Admission:
    """Refuses at once instead of queueing: what is over the limit is told when to come back (seconds).

    `turns_per_tenant` and `requests_per_minute` are the installation's, where a tenant has set nothing of its own.
    """

    def __init__(self, *, turns: int, turns_per_tenant: int, requests_per_minute: int) -> None:
        self.turns, self.turns_per_tenant, self.requests_per_minute = turns, turns_per_tenant, requests_per_minute
        self.running: Counter[str] = Counter()
        self.running_of_user: Counter[tuple[str, str]] = Counter()
        self.leaving = self.draining = False

    def enter(self, tenant: str, user: str = "", *, places: int | None = None, of_user: int | None = None) -> None:
        """Take a place for a turn, of `places` that the tenant has in this process and `of_user` that the user has."""
        if self.draining:
            raise Draining(retry_after_s=1)
        if self.running.total() >= self.turns:
            raise Overloaded(retry_after_s=1)
        if self.running[tenant] >= (self.turns_per_tenant if places is None else places):
            raise RateLimited(TOO_MANY_TURNS, retry_after_s=1)
        if of_user is not None and self.running_of_user[tenant, user] >= of_user:
            raise RateLimited(TOO_MANY_OF_USER, retry_after_s=1)
        self.add(tenant, user)

    def add(self, tenant: str, user: str = "") -> None:
        """A turn that runs whether or not there is a place: one that was taken over."""
        self.running[tenant] += 1
        self.running_of_user[tenant, user] += 1

    def leave(self, tenant: str, user: str = "") -> None:
        """Give the place back."""
        self._less(self.running, tenant)
        self._less(self.running_of_user, (tenant, user))

    @staticmethod
    def _less(counts: Counter[K], key: K) -> None:
        counts[key] -= 1
        if counts[key] <= 0:
            del counts[key]
