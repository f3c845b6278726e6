"""Requests a minute of a tenant and its users over all processes: of HTTP, of turns, and sockets that are opened."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from application.budget.limit_refusals import over_limit, rounded
from application.budget.local_quota import LocalQuota
from application.clock import Seconds, monotonic
from application.ports.tenants.reservations import Counted, LimitScope, ReservationAnswer, Reservations
from application.ports.tenants.tenants import Tenants
from domain.refusals import DependencyUnavailable, RateLimited
from domain.tenant.budget import Budget, Limits

MOST_REFUSALS = 10_000
KNOWN_TO_WAIT_S = 2.5
"""Half of what the shared counts remember of who was refused, at the least."""
SOCKETS = 4
"""Sockets that may be opened for each request that may be made."""
Key = tuple[str, str, Counted]
V = TypeVar("V")


@dataclass
class Refusals:
    """Those who were told when to come back: until then they are refused without asking anybody, as nobody could let
    them in. Where the tenant's own limit stood in the way, that goes for all of its users whom the shared counts know
    to wait: who was not heard of there lately is asked about, or he would never have his even share."""

    clock: Seconds = monotonic
    _until: OrderedDict[Key, tuple[float, Sequence[LimitScope]]] = field(default_factory=OrderedDict)
    _waits: OrderedDict[Key, float] = field(default_factory=OrderedDict)
    """Until when the shared counts surely know somebody to wait."""

    def check(self, key: Key, bounds: Sequence[LimitScope]) -> None:
        """RateLimited when it is too early; other limits than those that refused are asked anew."""
        left = self._left(key, bounds)
        if left <= 0 and self._waits.get(key, 0.0) > self.clock():
            left = self._left(_of_all(key), bounds[:1])
        if left > 0:
            raise RateLimited(retry_after_s=rounded(left))

    def knows(self, tenant: str, user: str, what: Counted = "requests") -> bool:
        """Whether this one was refused lately, so that it is worth the look: nearly nothing for all others."""
        return (tenant, user, what) in self._until

    def remember(self, key: Key, bounds: Sequence[LimitScope], answer: ReservationAnswer) -> None:
        """This one was told to wait."""
        now = self.clock()
        _put(self._until, key, (now + answer.retry_after_s, bounds))
        if answer.bound == 0:
            _put(self._until, _of_all(key), (now + answer.retry_after_s, bounds[:1]))
            _put(self._waits, key, now + KNOWN_TO_WAIT_S)

    def _left(self, key: Key, bounds: Sequence[LimitScope]) -> float:
        until, refused = self._until.get(key, (0.0, ()))
        return until - self.clock() if refused == bounds else 0.0


def _of_all(key: Key) -> Key:
    return key[0], "", key[2]


def _put(kept: OrderedDict[Key, V], key: Key, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST_REFUSALS:
        kept.popitem(last=False)


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
            self.refusals.remember((tenant, user, what), bounds, answer)
            raise over_limit(answer, bounds)
        return self.count_here(tenant, what, bounds, allowed=True)

    def was_refused(self, tenant: str, user: str) -> bool:
        """Whether the limits are worth a look before anything is done."""
        return self.refusals.knows(tenant, user)

    async def check(self, tenant: str, user: str) -> None:
        """RateLimited for who was told to wait and does not, without a trip."""
        bounds = self.bounds((await self.tenants.settings(tenant)).budget, user)
        self.refusals.check((tenant, user, "requests"), bounds)

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
