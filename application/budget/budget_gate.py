"""What a tenant and its users may use, kept before it is used: requests and turns when a turn begins, tokens and money
before each model call, which is settled with the truth afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from application.budget.balance import RANK, BalanceCache, BudgetThresholdCrossed, Level
from application.budget.call_limits import CHEAPEST
from application.budget.call_reservations import CallReservations, Reservation
from application.budget.gcra import Buckets
from application.budget.ledger_sync import Account, LedgerSync
from application.budget.local_quota import LocalQuota
from application.budget.process_limits import Admission
from application.budget.request_rates import Refusals, RequestRates
from application.budget.threshold_watch import ThresholdWatch
from application.budget.turn_permits import TurnPermits
from application.clock import Moment, Seconds, monotonic, new_id, now
from application.ports.tenants.reservations import Reservations
from application.ports.tenants.spending import Spending
from application.ports.tenants.tenants import Tenants
from domain.model_calls import ModelCallStarted, TokensUsed


@dataclass(eq=False)
class BudgetGate:
    """Refuses what is over a limit, and nothing else. `permit_ttl_s` is longer than any turn may last: a permit that
    nobody gives back is free again after it. `news` hears once a period of each worse state of a balance."""

    tenants: Tenants
    admission: Admission
    shared: Reservations
    spending: Spending
    replicas: int = 1
    permit_ttl_s: float = 180.0
    news: Callable[[BudgetThresholdCrossed], None] = lambda _: None
    clock: Seconds = monotonic
    now: Moment = now

    def __post_init__(self) -> None:
        self.purses = BalanceCache(self.clock)
        share = LocalQuota(self.replicas, Buckets(self.clock))
        per_minute, places = self.admission.requests_per_minute, self.admission.turns_per_tenant
        self.requests = RequestRates(self.tenants, self.shared, share, per_minute, places, Refusals(self.clock))
        self.places = TurnPermits(self.requests, self.admission, self.shared, self.permit_ttl_s)
        self.measure = LedgerSync(self.shared, self.spending, self.purses, self.replicas, self.clock, self.now)
        watch = ThresholdWatch(self.purses, self.news, self.now)
        self.calls = CallReservations(self.tenants, self.shared, share, self.purses, self.measure, watch)

    async def admit(self, tenant: str, user: str, turn_id: str) -> None:
        """Count a request and take a place for a turn. RateLimited, Overloaded, Draining, or BudgetExceeded when the
        last call found the money used up and it still is; each with when to come back."""
        await self.places.enter(tenant, user, turn_id)
        try:
            await self._not_out(tenant, user)
        except BaseException:
            await self.leave(tenant, user, turn_id)
            raise

    async def readmit(self, tenant: str, user: str, turn_id: str) -> None:
        """A turn that was taken over from another process keeps its place, and is refused nothing."""
        await self.places.enter_again(tenant, user, turn_id)

    async def leave(self, tenant: str, user: str, turn_id: str) -> None:
        """The turn has ended: its places are free, here at once."""
        await self.places.leave(tenant, user, turn_id)

    async def _not_out(self, tenant: str, user: str) -> None:
        """A turn whose calls would be refused is not begun: one that was is tried once more in its place."""
        for whose in ("", user):
            purse = self.purses.held(tenant, whose)
            if purse and purse.refused and purse.level == "out":
                probe = msgspec.structs.replace(purse.refused.started, call_id=new_id(), user=user, model=CHEAPEST)
                await self.release(await self.reserve(tenant, user, probe))

    async def reserve(self, tenant: str, user: str, started: ModelCallStarted) -> Reservation:
        """Set aside what a call is estimated to take. BudgetExceeded or RateLimited, with when to come back;
        `DependencyUnavailable` when nobody can tell what was spent."""
        return await self.calls.reserve(tenant, user, started)

    async def settle(self, reservation: Reservation, used: TokensUsed) -> None:
        """Put what a call cost in place of what was set aside. Raises for nothing that is away."""
        await self.calls.settle(reservation, used)

    async def release(self, reservation: Reservation) -> None:
        """The call never left: it cost nothing."""
        await self.calls.release(reservation)

    def level(self, tenant: str, user: str = "") -> Level:
        """How much is gone, of the tenant's own or this user's money, whichever is worse, when last heard of: `warned`
        from four fifths on, `low` from nine tenths, `out`. Costs nothing."""
        own = self.purses.level(tenant, "")
        return max(own, self.purses.level(tenant, user), key=RANK.__getitem__) if user else own

    async def account(self, tenant: str) -> Account:
        """What the tenant spent and has reserved in the running period; `DependencyUnavailable`."""
        return await self.measure.account(tenant, (await self.tenants.settings(tenant)).budget)
