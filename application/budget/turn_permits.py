"""Turns at once: in this process, and over all of them; each is a request too, counted in the same round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from application.budget.call_reservations import CallReservations
from application.budget.limit_refusals import over_limit
from application.budget.process_limits import TOO_MANY_OF_USER, TOO_MANY_TURNS, Admission
from application.budget.request_rates import RequestRates
from application.ports.tenants.reservations import LimitScope, Reservations
from domain.refusals import DependencyUnavailable, RateLimited, Refusal


@dataclass(frozen=True, slots=True)
class TurnPermits:
    """A permit a turn, from before it begins to its end. One that nobody gives back is free again after
    `permit_ttl_s`."""

    requests: RequestRates
    admission: Admission
    shared: Reservations
    calls: CallReservations
    permit_ttl_s: float
    _entered: dict[str, list[LimitScope]] = field(default_factory=dict)

    async def admit(self, tenant: str, user: str, turn_id: str) -> None:
        """Count a request and take a place for a turn. RateLimited, Overloaded, Draining, or BudgetExceeded when the
        last call found the money used up and it still is; each with when to come back."""
        await self._enter(tenant, user, turn_id)
        try:
            await self.calls.check_not_out(tenant, user)
        except BaseException:
            await self.leave(tenant, user, turn_id)
            raise

    def was_refused(self, tenant: str, user: str) -> bool:
        """Whether to `check` before anything is done for a turn: nearly nothing for all others."""
        return self.requests.was_refused(tenant, user)

    async def check(self, tenant: str, user: str) -> None:
        """RateLimited for who was told to wait and does not, without a trip."""
        await self.requests.check(tenant, user)

    async def _enter(self, tenant: str, user: str, turn_id: str) -> None:
        bounds = await self._bounds(tenant, user)
        places, of_user = (bound.limits.concurrent_turns for bound in bounds)
        self.admission.enter(tenant, user, places=places, of_user=of_user)
        entered = False
        try:
            self.requests.refusals.check((tenant, user, "requests"), bounds)
            entered = await self._ask(tenant, user, turn_id, bounds)
            self._enter_here(tenant, user, bounds, allowed=entered)
        except BaseException as error:
            self.admission.leave(tenant, user)
            if entered or not isinstance(error, Refusal):
                await self._give_back(tenant, turn_id, bounds)
            raise
        self._entered[turn_id] = bounds

    async def readmit(self, tenant: str, user: str, turn_id: str) -> None:
        """A turn that was taken over from another process keeps its place, and is refused nothing."""
        self.admission.add(tenant, user)
        try:
            self._entered[turn_id] = bounds = await self._bounds(tenant, user)
            await self.shared.enter(tenant, turn_id, bounds, lasting_s=self.permit_ttl_s, always=True)
        except Refusal:
            pass  # it is counted here

    async def leave(self, tenant: str, user: str, turn_id: str) -> None:
        """The turn has ended: its places are free, here at once."""
        self.admission.leave(tenant, user)
        if bounds := self._entered.pop(turn_id, None):
            await self._give_back(tenant, turn_id, bounds)

    async def _bounds(self, tenant: str, user: str) -> list[LimitScope]:
        return self.requests.bounds((await self.requests.tenants.settings(tenant)).budget, user)

    async def _ask(self, tenant: str, user: str, turn_id: str, bounds: Sequence[LimitScope]) -> bool:
        """False when the shared counts are away."""
        try:
            answer = await self.shared.enter(tenant, turn_id, bounds, lasting_s=self.permit_ttl_s)
        except DependencyUnavailable:
            return False
        if answer.verdict == "requests":
            self.requests.refusals.remember((tenant, user, "requests"), bounds, answer)
        if answer.verdict != "ok":
            raise over_limit(answer, bounds)
        return True

    def _enter_here(self, tenant: str, user: str, bounds: Sequence[LimitScope], *, allowed: bool) -> None:
        if not allowed:
            running = (self.admission.running[tenant], self.admission.running_of_user[tenant, user])
            for bound, turns in zip(bounds, running, strict=True):
                places = bound.limits.concurrent_turns
                if places and turns > max(1, places // self.requests.share.replicas):
                    raise RateLimited(TOO_MANY_OF_USER if bound.user else TOO_MANY_TURNS, retry_after_s=1)
        self.requests.count_here(tenant, "requests", bounds, allowed=allowed)

    async def _give_back(self, tenant: str, turn_id: str, bounds: Sequence[LimitScope]) -> None:
        try:
            await self.shared.leave(tenant, turn_id, bounds)
        except DependencyUnavailable:
            pass  # the place comes back by itself
