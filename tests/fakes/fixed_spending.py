"""A ledger that holds what a test puts into it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from application.clock import now
from application.ports.tenants.spending import Spent
from domain.refusals import DependencyUnavailable


class FixedSpending:
    """See `application.ports.tenants.spending.Spending`; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], tuple[datetime, str, Decimal]] = {}
        self.away = False
        self.asked = 0

    def add(self, tenant: str, user: str, call: str, usd: Decimal, at: datetime | None = None) -> None:
        """A settled call has reached the ledger; a second time corrects it."""
        self.lines[tenant, call] = (at or now(), user, usd)

    async def spent(self, tenant: str, user: str, since: datetime, until: datetime, calls: Collection[str]) -> Spent:
        self.asked += 1
        if self.away:
            raise DependencyUnavailable
        of_tenant = {call: line for (whose, call), line in self.lines.items() if whose == tenant}
        usd = sum(
            (usd for at, whose, usd in of_tenant.values() if since <= at < until and user in ("", whose)), Decimal(0)
        )
        return Spent(usd, len(self.lines), frozenset(set(calls) & set(of_tenant)))
