"""Requests a minute of a tenant and its users over all processes: of HTTP, of turns, and sockets that are opened."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from application.budget.limit_refusals import over_limit, rounded
from application.budget.local_quota import LocalQuota
from application.clock import Seconds, monotonic
from application.ports.tenants.reservations import Counted, LimitScope, Reservations
from application.ports.tenants.tenants import Tenants
from domain.refusals import DependencyUnavailable, RateLimited
from domain.tenant.events import Budget, Limits

MOST_REFUSALS = 10_000
SOCKETS = 4
"""Sockets that may be opened for each request that may be made."""
Key = tuple[str, str, Counted]


@dataclass
class Refusals:
    """Those who were told when to come back: until then they are refused without asking anybody, as nobody could let
    them in."""

    clock: Seconds = monotonic
    _until: OrderedDict[Key, tuple[float, Sequence[LimitScope]]] = field(default_factory=OrderedDict)

    def check(self, key: Key, bounds: Sequence[LimitScope]) -> None:
        """RateLimited when it is too early; other limits than those that refused are asked anew."""
        until, refused = self._until.get(key, (0.0, ()))
        left = until - self.clock()
        if left > 0 and refused == bounds:
            raise RateLimited(retry_after_s=rounded(left))

    def remember(self, key: Key, bounds: Sequence[LimitScope], wait_s: float) -> None:
        """This one was told to wait."""
        self._until[key] = (self.clock() + wait_s, bounds)
        self._until.move_to_end(key)
        while len(self._until) > MOST_REFUSALS:
            self._until.popitem(last=False)


@dataclass(frozen=True, slots=True)
class RequestRates:
    """Counts against the tenant's own limits, and the installation's (`per_minute`, `concurrent_turns`) where it has
    set none. While the shared counts are away each process has its share."""

    tenants: Tenants
    shared: Reservations
    share: LocalQuota
    per_minute: int
    concurrent_turns: int
    refusals: Refusals = field(default_factory=Refusals)

    async def count(self, tenant: str, user: str, what: Counted = "requests") -> None:
        """Count one; RateLimited with when to come back. One round trip at most."""
        bounds = self.bounds((await self.tenants.settings(tenant)).budget, user)
        if what == "sockets":
            bounds = [_times(SOCKETS, bound) for bound in bounds]
        self.refusals.check((tenant, user, what), bounds)
        try:
            answer = await self.shared.count(tenant, what, bounds)
        except DependencyUnavailable:
            return self.count_here(tenant, what, bounds, allowed=False)
        if answer.verdict != "ok":
            self.refusals.remember((tenant, user, what), bounds, answer.retry_after_s)
            raise over_limit(answer, bounds)
        return self.count_here(tenant, what, bounds, allowed=True)

    def count_here(self, tenant: str, what: Counted, bounds: Sequence[LimitScope], *, allowed: bool) -> None:
        """Count one in this process's share; RateLimited when nobody else has `allowed` it and the share is used up."""
        rates = [(bound, bound.limits.requests_per_minute) for bound in bounds]
        if not allowed:
            self.share.check(tenant, what, 1, rates)
        self.share.count(tenant, what, 1, rates, allowed=allowed)

    def bounds(self, budget: Budget, user: str) -> list[LimitScope]:
        """The limits of a tenant of this budget, then those of this user in it."""
        own = Limits(
            requests_per_minute=budget.requests_per_minute or self.per_minute,
            concurrent_turns=budget.concurrent_turns or self.concurrent_turns,
        )
        theirs = Limits(
            requests_per_minute=budget.per_user.requests_per_minute, concurrent_turns=budget.per_user.concurrent_turns
        )
        return [LimitScope("", own, budget.period), LimitScope(user, theirs, budget.period)]


def _times(factor: int, bound: LimitScope) -> LimitScope:
    limit = bound.limits.requests_per_minute
    return msgspec.structs.replace(
        bound, limits=msgspec.structs.replace(bound.limits, requests_per_minute=limit and limit * factor)
    )
