"""Balances that come to a worse state: judged after each call, told of once a period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from application.budget.balance import BalanceCache, BudgetThresholdCrossed, RefusedCall
from application.budget.call_limits import CHEAPEST, with_money
from application.clock import Moment
from application.ports.tenants.reservations import LimitScope
from domain.model_calls import ModelCallStarted
from domain.tenant.budget_period import period_at
from domain.usage import cost_of


@dataclass(frozen=True, slots=True)
class ThresholdWatch:
    """`news` hears once a period of each worse state of a balance."""

    purses: BalanceCache
    news: Callable[[BudgetThresholdCrossed], None]
    now: Moment

    def refused(self, tenant: str, bounds: Sequence[LimitScope], started: ModelCallStarted) -> None:
        """A call was refused. Where what is settled leaves too little for it, it does not only wait for others."""
        usd, least = (cost_of(model, started.estimate) for model in (started.model, CHEAPEST))
        for bound in with_money(bounds):
            purse, limit = self.purses.of(tenant, bound.user), bound.limits.limit_usd or Decimal(0)
            if purse.used + usd > limit:
                purse.refused = RefusedCall(started, usd, min(usd, least), limit)
        self.look(tenant, bounds)

    def look(self, tenant: str, bounds: Sequence[LimitScope]) -> None:
        """Judge these balances, and tell of those that are worse than was told."""
        for bound in with_money(bounds):
            purse, limit = self.purses.of(tenant, bound.user), bound.limits.limit_usd or Decimal(0)
            purse.judge(limit)
            period = period_at(bound.period, self.now())[0].date().isoformat()
            if purse.worse(period, limit):
                self.news(BudgetThresholdCrossed(tenant, bound.user, period, limit, purse.used, purse.level))
