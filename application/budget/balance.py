"""What this process knows of one purse: where it stands, and those of its calls that the ledger may not hold yet."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import msgspec

from application.clock import Seconds, monotonic
from application.ports.tenants.reservations import BalanceSnapshot, Claim, VersionToken
from domain.model_calls import ModelCallStarted

Level = Literal["ok", "warned", "low", "out"]
RANK: dict[Level, int] = {"ok": 0, "warned": 1, "low": 2, "out": 3}
WARN_AT, LOW_AT = Decimal("0.8"), Decimal("0.9")
MOST_CLAIMS = 20_000
MOST_PURSES = 10_000


class BudgetThresholdCrossed(msgspec.Struct, frozen=True):
    """A purse (`user` empty: the tenant's own) has come to a worse state in a period, which is named by its first day
    (`2026-11-01`)."""

    tenant: str
    user: str
    period: str
    limit_usd: Decimal
    used_usd: Decimal
    state: Level


class RefusedCall(msgspec.Struct, frozen=True):
    """A call that was refused, what it would have cost by estimate, on the cheapest model too, and by what limit."""

    started: ModelCallStarted
    usd: Decimal
    least_usd: Decimal
    limit: Decimal


@dataclass(eq=False, slots=True)
class Balance:
    """Money of a tenant or of one of its users."""

    clock: Seconds = monotonic
    mark: VersionToken = field(default_factory=VersionToken)
    claims: OrderedDict[str, Claim] = field(default_factory=OrderedDict)
    used: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    level: Level = "ok"
    # The last call that the rest of the money was not enough for.
    refused: RefusedCall | None = None
    measured_at: float = float("-inf")
    measuring: asyncio.Lock = field(default_factory=asyncio.Lock)
    # By the ledger alone, and, while the shared counts are away, what may still be taken here.
    base: Decimal = Decimal(0)
    allowance: Decimal | None = None
    allowed_at: float = float("-inf")
    told: tuple[str, Decimal, Level] = ("", Decimal(0), "ok")

    def see(self, standing: BalanceSnapshot | None, *, measured: bool = False) -> None:
        """Take over what the shared counts say; answers that overtook each other change nothing back."""
        if standing is None:
            return
        if measured or (standing.mark.epoch == self.mark.epoch and standing.mark.seq >= self.mark.seq):
            self.mark, self.used, self.reserved = standing.mark, standing.used_usd, standing.reserved_usd

    def claim(self, call_id: str, usd: Decimal) -> None:
        """A call of ours was reserved."""
        self.claims[call_id] = Claim(usd, True)
        while len(self.claims) > MOST_CLAIMS:
            self.claims.popitem(last=False)

    def settle(self, call_id: str, usd: Decimal) -> None:
        """It has cost this; nothing when the ledger was seen to hold it already."""
        if claim := self.claims.get(call_id):
            if self.allowance is not None:
                self.allowance += claim.usd - usd
            claim.usd, claim.open, claim.settled_at = usd, False, self.clock()

    def forget(self, known: Iterable[str], *, older_s: float = float("inf")) -> None:
        """The ledger holds these calls; and what was settled longer ago than the period began is no matter of it."""
        for call_id in known:
            self.claims.pop(call_id, None)
        began = self.clock() - older_s
        for call_id in [id for id, claim in self.claims.items() if not claim.open and claim.settled_at < began]:
            del self.claims[call_id]

    def take_back(self, call_id: str) -> None:
        """The call is not made, but the shared counts may hold it: they have to hear of that first."""
        self.claims[call_id] = Claim(Decimal(0), False, self.clock())
        self.mark = VersionToken()

    def sum_here(self) -> None:
        """Where it stands by the ledger and our own calls alone."""
        self.reserved = sum((c.usd for c in self.claims.values() if c.open), Decimal(0))
        self.used = self.base + sum((c.usd for c in self.claims.values() if not c.open), Decimal(0))

    def judge(self, limit: Decimal) -> Level:
        """How much of the limit is gone. A call that was refused says that little is left, until it would be let in,
        and that nothing is, when it would be refused on the cheapest model too."""
        refused, taken = self.refused, self.used + self.reserved
        if refused and (refused.limit != limit or taken + refused.usd <= limit):
            refused = self.refused = None
        if self.used >= limit or (refused and self.used + refused.least_usd > limit):
            self.level = "out"
        elif refused or taken >= LOW_AT * limit:
            self.level = "low"
        else:
            self.level = "warned" if self.used >= WARN_AT * limit else "ok"
        return self.level

    def worse(self, period: str, limit: Decimal) -> bool:
        """Whether this state of the period was not told of before."""
        told = self.told[2] if self.told[:2] == (period, limit) else "ok"
        if RANK[self.level] <= RANK[told]:
            return False
        self.told = (period, limit, self.level)
        return True


class BalanceCache:
    """The purses that were used lately."""

    def __init__(self, clock: Seconds = monotonic) -> None:
        self._clock = clock
        self._held: OrderedDict[tuple[str, str], Balance] = OrderedDict()

    def of(self, tenant: str, user: str) -> Balance:
        """A purse; a new one knows nothing."""
        purse = self._held.get((tenant, user))
        if purse is None:
            purse = self._held[tenant, user] = Balance(self._clock)
            while len(self._held) > MOST_PURSES:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end((tenant, user))
        return purse

    def held(self, tenant: str, user: str) -> Balance | None:
        """A purse that was used lately."""
        return self._held.get((tenant, user))

    def without_limit(self, tenant: str, user: str) -> None:
        """It has no limit of money now, whatever was said of it before."""
        if purse := self.held(tenant, user):
            purse.level, purse.refused = "ok", None

    def level(self, tenant: str, user: str) -> Level:
        """The last known state; `ok` when nothing is known."""
        purse = self.held(tenant, user)
        return purse.level if purse else "ok"
