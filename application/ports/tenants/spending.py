"""What the ledger says was spent: the truth that counters of money are measured against."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec


class Spent(msgspec.Struct, frozen=True):
    """What the ledger held at one moment: the sum of a period (US dollars) and those of the calls asked for that it
    knows, whenever they were. `position` orders such moments: a later one is never lower."""

    usd: Decimal
    position: int
    known: frozenset[str]


class Spending(Protocol):
    """The ledger's sums. They lag behind the facts by seconds."""

    async def spent(self, tenant: str, user: str, since: datetime, until: datetime, calls: Collection[str]) -> Spent:
        """What a tenant (`user` empty) or one of its users spent from `since` up to `until`, and which of `calls` (ids)
        are known, in one snapshot. `DependencyUnavailable` when that cannot be told now."""
        ...
