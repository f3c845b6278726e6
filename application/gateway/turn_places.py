"""Requests a minute and turns at once: in this process, and over all of them where a tenant has limits of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from application.admission import TOO_MANY_OF_USER, TOO_MANY_TURNS, Admission
from application.gateway.local_share import LocalShare
from application.gateway.over_limit import over_limit
from application.ports.reservations import Bound, Reservations
from application.ports.tenants import Tenants
from domain.refusals import DependencyUnavailable, RateLimited, Refusal
from domain.tenant.events import Limits


@dataclass(frozen=True, slots=True)
class TurnPlaces:
    """See `BudgetGate.admit`, `readmit` and `leave`."""

    tenants: Tenants
    admission: Admission
    shared: Reservations
    share: LocalShare
    place_s: float
    _entered: dict[str, list[Bound]] = field(default_factory=dict)

    async def enter(self, tenant: str, user: str, turn_id: str) -> None:
        """Count a request and take a place."""
        bounds, shared = await self._bounds(tenant, user)
        whole = [bound.limits.concurrent_turns for bound in bounds]
        self.admission.enter(tenant, user, places=whole[0], of_user=whole[1] if len(whole) > 1 else None)
        entered = False
        try:
            entered = shared and await self._ask(tenant, turn_id, bounds)
            self._enter_here(tenant, user, bounds, allowed=entered)
        except BaseException as error:
            self.admission.leave(tenant, user)
            if shared and (entered or not isinstance(error, Refusal)):
                await self._give_back(tenant, turn_id, bounds)
            raise
        if shared:
            self._entered[turn_id] = bounds

    async def enter_again(self, tenant: str, user: str, turn_id: str) -> None:
        """Take the place of a turn that runs already."""
        self.admission.add(tenant, user)
        try:
            bounds, shared = await self._bounds(tenant, user)
            if shared:
                self._entered[turn_id] = bounds
                await self.shared.enter(tenant, turn_id, bounds, lasting_s=self.place_s, always=True)
        except Refusal:
            pass  # it is counted here

    async def leave(self, tenant: str, user: str, turn_id: str) -> None:
        """Give the place back."""
        self.admission.leave(tenant, user)
        if bounds := self._entered.pop(turn_id, None):
            await self._give_back(tenant, turn_id, bounds)

    async def _bounds(self, tenant: str, user: str) -> tuple[list[Bound], bool]:
        """The limits, and whether other processes have to be asked."""
        budget = (await self.tenants.settings(tenant)).budget
        requests, places = budget.requests_per_minute, budget.concurrent_turns
        own = Limits(
            requests_per_minute=requests or self.admission.requests_per_minute,
            concurrent_turns=places or self.admission.turns_per_tenant,
        )
        bounds, theirs = [Bound("", own, budget.period)], budget.per_user
        if theirs.requests_per_minute or theirs.concurrent_turns:
            bounds.append(Bound(user, theirs, budget.period))
        return bounds, bool(self.share.replicas > 1 or requests or places or len(bounds) > 1)

    async def _ask(self, tenant: str, turn_id: str, bounds: Sequence[Bound]) -> bool:
        """False when the shared counts are away."""
        try:
            answer = await self.shared.enter(tenant, turn_id, bounds, lasting_s=self.place_s)
        except DependencyUnavailable:
            return False
        if answer.verdict != "ok":
            raise over_limit(answer, bounds)
        return True

    def _enter_here(self, tenant: str, user: str, bounds: Sequence[Bound], *, allowed: bool) -> None:
        rates = [(bound, bound.limits.requests_per_minute) for bound in bounds]
        if not allowed:
            running = (self.admission.running[tenant], self.admission.running_of_user[tenant, user])
            for bound, turns in zip(bounds, running, strict=False):
                places = bound.limits.concurrent_turns
                if places and turns > max(1, places // self.share.replicas):
                    raise RateLimited(TOO_MANY_OF_USER if bound.user else TOO_MANY_TURNS, retry_after_s=1)
            self.share.check(tenant, "requests", 1, rates)
        self.share.count(tenant, "requests", 1, rates, allowed=allowed)

    async def _give_back(self, tenant: str, turn_id: str, bounds: Sequence[Bound]) -> None:
        try:
            await self.shared.leave(tenant, turn_id, bounds)
        except DependencyUnavailable:
            pass  # the place comes back by itself
