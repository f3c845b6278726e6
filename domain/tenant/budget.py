"""How much a tenant may use, and what it pays for a model where that is not the listed price."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from domain.models import Price


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be used; None is without limit. Money is US dollars in the budget's period."""

    limit_usd: Decimal | None = None
    tokens_per_minute: int | None = None
    requests_per_minute: int | None = None
    concurrent_turns: int | None = None


class Budget(Limits, frozen=True, kw_only=True):
    """What a tenant may use in all, and in it each of its users. Periods are calendar days and months in UTC."""

    period: Literal["day", "month"] = "month"
    per_user: Limits = Limits()


class AgreedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant pays for a model (an id or a family), for calls that leave at `since` or later."""

    model: str
    since: datetime
    price: Price

    @property
    def version(self) -> str:
        """Its name in the costs, beside the names of price lists."""
        return f"agreed-{self.since:%Y-%m-%d}"
