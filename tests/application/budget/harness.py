"""A budget over several processes, on fakes: a ledger, shared counts, and calls that cost so many cents."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from application.budget.balance import BudgetThresholdCrossed
from application.budget.budget_gate import BudgetGate
from application.budget.call_reservations import Reservation
from application.budget.process_limits import Admission
from application.clock import Moment, new_id, now
from domain.model_calls import ModelCallStarted, settle
from domain.refusals import BudgetExceeded
from domain.tenant.budget import Budget
from domain.tenant.state import Tenant
from domain.usage import Usage
from tests.fakes.fixed_spending import FixedSpending
from tests.fakes.in_memory_reservations import InMemoryReservations
from tests.fakes.small_ports import FixedTenants

T = "tenant"
MODEL = "global.anthropic.claude-haiku-4-5"  # $5 a million output tokens: 2,000 are a cent
CENT = Decimal("0.01")


class Budgeted(FixedTenants):
    """Every tenant has this budget."""

    budget = Budget()

    async def settings(self, tenant: str, fresh_s: float = 10.0) -> Tenant:
        return Tenant(name=tenant, budget=self.budget)


class House:
    """One installation: a ledger, shared counts, and as many processes as a test wants."""

    def __init__(
        self, *, replicas: int = 1, turns: int = 100, shared: InMemoryReservations | None = None, **limits: Any
    ) -> None:
        self.tenants, self.shared, self.ledger = Budgeted(), shared or InMemoryReservations(), FixedSpending()
        self.tenants.budget = Budget(**limits)
        self.seconds = 1_000.0
        self.replicas, self.turns, self.news = replicas, turns, list[BudgetThresholdCrossed]()

    def later(self, seconds: float) -> None:
        """Moves the clock of all processes on."""
        self.seconds += seconds

    def process(self, now: Moment = now) -> BudgetGate:
        admission = Admission(turns=self.turns, turns_per_tenant=20, requests_per_minute=300)
        return BudgetGate(
            self.tenants, admission, self.shared, self.ledger, self.replicas, news=self.news.append,
            clock=lambda: self.seconds, now=now,
        )  # fmt: skip

    async def spend(
        self, gate: BudgetGate, cents: float = 1, *, estimate: float | None = None, user: str = "ada"
    ) -> Any:
        """A whole call, which the ledger hears of at once."""
        started = call(estimate or cents, user)
        reservation = await gate.calls.reserve(T, user, started)
        used = settle(started, tokens(cents))
        await gate.calls.settle(reservation, used)
        self.ledger.add(T, user, used.call_id, used.cost_usd, self.shared.now)
        return reservation


def tokens(cents: float) -> Usage:
    return Usage(output_tokens=round(cents * 2000))


def call(cents: float, user: str = "ada") -> ModelCallStarted:
    return ModelCallStarted(call_id=new_id(), step="answer", model=MODEL, user=user, estimate=tokens(cents))


async def reserved(gate: BudgetGate, count: int, cents: float = 1, user: str = "ada") -> list[Reservation]:
    """Those of so many calls at once that were let in."""
    tries = (gate.calls.reserve(T, user, call(cents, user)) for _ in range(count))
    found = await asyncio.gather(*tries, return_exceptions=True)
    for one in found:
        assert isinstance(one, Reservation | BudgetExceeded), one
    return [one for one in found if isinstance(one, Reservation)]
