"""Measures purses against the ledger, which is the truth: the shared counts, and a process's share without them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec
import structlog

from application.budget.balance import Balance, BalanceCache
from application.clock import Moment, Seconds, monotonic, now
from application.ports.tenants.reservations import RESERVED_S, Base, LimitScope, Reservations, VersionToken
from application.ports.tenants.spending import Spending, Spent
from application.tasks import isolated
from domain.refusals import BudgetExceeded, DependencyUnavailable
from domain.tenant.budget import Budget
from domain.tenant.budget_period import period_at

AGAIN_S, SOON_S = 60.0, 5.0
LEDGER_S = 3.0
UNKNOWN = "What was spent cannot be told now; try again."
log = structlog.get_logger()


class Account(msgspec.Struct, frozen=True):
    """What a tenant spent and has reserved in the running period (US dollars, UTC)."""

    used_usd: Decimal
    reserved_usd: Decimal
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LedgerSync:
    """Reads the ledger for purses. `replicas` is how many processes may share a purse without seeing each other."""

    shared: Reservations
    spending: Spending
    purses: BalanceCache
    replicas: int = 1
    clock: Seconds = monotonic
    now: Moment = now

    async def together(self, tenant: str, bound: LimitScope, unfit: VersionToken | None = None) -> None:
        """Measure the shared counts, unless somebody did since they said that the mark `unfit` does not fit.
        `DependencyUnavailable` when they or the ledger are away."""
        purse = self.purses.of(tenant, bound.user)
        async with purse.measuring:
            mark = purse.mark
            if unfit is not None and mark.epoch and (mark.epoch != unfit.epoch or mark.seq < unfit.seq):
                return
            at, ids = await self.shared.counted(tenant, bound)
            since, until = period_at(bound.period, at)
            spent = await self._spent(tenant, bound.user, since, until, {*ids, *purse.claims})
            purse.forget(spent.known, older_s=(at - since).total_seconds())
            base, claims = Base(until, spent.usd, spent.position, spent.known & set(ids)), dict(purse.claims)
            purse.see(await self.shared.rebase(tenant, bound, base, claims), measured=True)
            purse.forget(id for id, claim in claims.items() if not claim.open and not claim.usd)
            # A purse that is new to this process is looked at again soon: calls of before its limit may yet settle.
            new = purse.measured_at == float("-inf")
            purse.measured_at, purse.allowance = self.clock() - (AGAIN_S - SOON_S if new else 0), None

    def due(self, tenant: str, bounds: Collection[LimitScope]) -> list[LimitScope]:
        """Those that were not measured for a minute. They are taken as measured from here on: a failure is for the next
        time."""
        found = []
        for bound in bounds:
            purse = self.purses.of(tenant, bound.user)
            if bound.limits.limit_usd is not None and self.clock() - purse.measured_at >= AGAIN_S:
                purse.measured_at = self.clock()
                found.append(bound)
        return found

    async def again(self, tenant: str, bounds: Collection[LimitScope]) -> None:
        """Measure these, as far as it goes."""
        for bound in bounds:
            with isolated("budget_measure", tenant=tenant):
                await self.together(tenant, bound)

    async def share_out(self, tenant: str, bound: LimitScope) -> None:
        """Work out, anew each minute, what may be taken here while the shared counts are away: half of what the ledger
        leaves, over the number of replicas. `DependencyUnavailable` when the ledger is away too and was never read."""
        purse = self.purses.of(tenant, bound.user)
        async with purse.measuring:
            if purse.allowance is None or self.clock() - purse.allowed_at >= AGAIN_S:
                await self._allow(tenant, bound, purse, *period_at(bound.period, self.now()))

    def check_alone(self, tenant: str, bound: LimitScope, usd: Decimal) -> None:
        """BudgetExceeded when `usd` is more than what may be taken here."""
        purse, limit = self.purses.of(tenant, bound.user), bound.limits.limit_usd or Decimal(0)
        purse.sum_here()
        if purse.used + usd > limit:
            lasting = period_at(bound.period, self.now())[1] - self.now()
            raise BudgetExceeded(retry_after_s=max(lasting.total_seconds(), RESERVED_S + 1))
        if purse.used + purse.reserved + usd > limit:
            raise BudgetExceeded("The rest of the budget is reserved by calls that run.", retry_after_s=RESERVED_S)
        if purse.allowance is not None and usd > purse.allowance:
            again = AGAIN_S - (self.clock() - purse.allowed_at)
            raise BudgetExceeded("The rest of the budget is being counted.", retry_after_s=max(RESERVED_S, again))

    async def account(self, tenant: str, budget: Budget) -> Account:
        """Where a tenant stands, limit or none: the ledger, and what is counted beside it."""
        bound = LimitScope("", budget, budget.period)
        purse = self.purses.of(tenant, "")
        if budget.limit_usd is not None:
            try:
                await self.together(tenant, bound)
                return Account(purse.used, purse.reserved, *period_at(budget.period, self.now()))
            except DependencyUnavailable:
                pass  # the ledger alone, then
        since, until = period_at(budget.period, self.now())
        spent = await self._spent(tenant, "", since, until, purse.claims)
        purse.forget(spent.known, older_s=(self.now() - since).total_seconds())
        purse.base = spent.usd
        purse.sum_here()
        return Account(purse.used, purse.reserved, since, until)

    async def _allow(self, tenant: str, bound: LimitScope, purse: Balance, since: datetime, until: datetime) -> None:
        try:
            spent = await self._spent(tenant, bound.user, since, until, purse.claims)
        except DependencyUnavailable:
            if purse.allowance is None:
                raise
            return  # what is left of the last share
        purse.forget(spent.known, older_s=(self.now() - since).total_seconds())
        purse.base = spent.usd
        purse.sum_here()
        rest = (bound.limits.limit_usd or Decimal(0)) - purse.used - purse.reserved
        purse.allowance, purse.allowed_at = max(Decimal(0), rest / (2 * self.replicas)), self.clock()

    async def _spent(self, tenant: str, user: str, since: datetime, until: datetime, calls: Collection[str]) -> Spent:
        try:
            async with asyncio.timeout(LEDGER_S):
                return await self.spending.spent(tenant, user, since, until, list(calls))
        except (TimeoutError, DependencyUnavailable) as error:
            raise DependencyUnavailable(UNKNOWN, retry_after_s=5) from error
