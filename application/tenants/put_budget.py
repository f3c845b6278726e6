"""An admin says what the tenant may use, whole."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.refusals import InvalidField
from domain.tenant import rules
from domain.tenant.budget import Budget, Limits
from domain.tenant.commands import PutBudget

MOST_USD = Decimal(1_000_000_000)
MOST = {"tokens_per_minute": 1_000_000_000, "requests_per_minute": 1_000_000, "concurrent_turns": 100_000}
SMALLEST = -9
"""Decimal places of a US dollar that are counted."""


@dataclass(frozen=True, slots=True)
class PutBudgetHandler:
    """Stores the budget, and makes this process see it at once."""

    store: EventStore
    tenants: Tenants

    async def __call__(self, principal: Principal, budget: Budget) -> Budget:
        """The budget as it is now; `InvalidField` says what cannot be."""
        check_budget(budget)
        command = PutBudget(budget=budget)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        held = await execute(
            self.store, stream, TENANT, lambda tenant: rules.put_budget(tenant, command), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
        return held.state.budget


def check_budget(budget: Budget) -> None:
    """InvalidField names the first limit that is not a positive number in bounds."""
    _check("", budget)
    _check("per_user.", budget.per_user)


def _check(prefix: str, limits: Limits) -> None:
    usd = limits.limit_usd
    if usd is not None:
        places = usd.as_tuple().exponent
        if not isinstance(places, int) or not 0 < usd <= MOST_USD:
            raise InvalidField(f"{prefix}limit_usd: more than 0, and at most {MOST_USD:,}")
        if places < SMALLEST:
            raise InvalidField(f"{prefix}limit_usd: at most nine decimal places")
    for field, most in MOST.items():
        value = getattr(limits, field)
        if value is not None and not 1 <= value <= most:
            raise InvalidField(f"{prefix}{field}: at least 1, and at most {most:,}")
