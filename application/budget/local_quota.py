"""This process's share of the rates of requests and tokens, for when the shared counts are away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from application.budget.gcra import Buckets
from application.budget.limit_refusals import TOO_MANY_TOKENS, rounded
from application.ports.tenants.reservations import LimitScope
from domain.refusals import RateLimited

Rate = tuple[LimitScope, int | None]


@dataclass(frozen=True, slots=True)
class LocalQuota:
    """A limit divided by the number of replicas."""

    replicas: int
    buckets: Buckets = field(default_factory=Buckets)

    def check(self, tenant: str, what: str, amount: int, rates: Sequence[Rate]) -> None:
        """RateLimited when the share does not hold `amount` (of `requests` or `tokens`)."""
        shares = [((tenant, bound.user, what), limit / self.replicas) for bound, limit in rates if limit]
        if wait := max((self.buckets.wait_s(key, amount, share) for key, share in shares), default=0.0):
            raise RateLimited(TOO_MANY_TOKENS if what == "tokens" else "", retry_after_s=rounded(wait))

    def count(self, tenant: str, what: str, amount: int, rates: Sequence[Rate], *, allowed: bool) -> None:
        """Take it. What the shared counts allowed is counted here too, so that the share is not fresh when they go."""
        count = self.buckets.note if allowed else self.buckets.take
        for bound, limit in rates:
            if limit:
                count((tenant, bound.user, what), amount, limit / self.replicas)

    def give_back(self, tenant: str, what: str, amount: int, rates: Sequence[Rate]) -> None:
        """What was taken and not used."""
        for bound, limit in rates:
            if limit:
                self.buckets.give_back((tenant, bound.user, what), amount, limit / self.replicas)
