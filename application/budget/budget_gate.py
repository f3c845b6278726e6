"""What a tenant and its users may use, kept before it is used, put together: requests, permits of turns, and what calls
set aside and settle, on one set of counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from application.budget.balance import BalanceCache, BudgetThresholdCrossed
from application.budget.call_reservations import CallReservations
from application.budget.gcra import Buckets
from application.budget.ledger_sync import Account, LedgerSync
from application.budget.local_quota import LocalQuota
from application.budget.process_limits import Admission
from application.budget.request_rates import Refusals, RequestRates
from application.budget.threshold_watch import ThresholdWatch
from application.budget.turn_permits import TurnPermits
from application.clock import Moment, Seconds, monotonic, now
from application.ports.tenants.reservations import Reservations
from application.ports.tenants.spending import Spending
from application.ports.tenants.tenants import Tenants


@dataclass(eq=False)
class BudgetGate:
    """`requests`, `permits` and `calls`, each for whoever asks for it, refuse what is over a limit, and nothing else.
    `permit_ttl_s` is longer than any turn may last: a permit that nobody gives back is free again after it. `news`
    hears once a period of each worse state of a balance."""

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
        self.measure = LedgerSync(self.shared, self.spending, self.purses, self.replicas, self.clock, self.now)
        watch = ThresholdWatch(self.purses, self.news, self.now)
        self.calls = CallReservations(self.tenants, self.shared, share, self.purses, self.measure, watch)
        self.permits = TurnPermits(self.requests, self.admission, self.shared, self.calls, self.permit_ttl_s)

    async def account(self, tenant: str) -> Account:
        """What the tenant spent and has reserved in the running period; `DependencyUnavailable`."""
        return await self.measure.account(tenant, (await self.tenants.settings(tenant)).budget)
