"""Counts that all processes share: requests, tokens, places for turns, and money that is reserved and spent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from domain.tenant.budget import Limits

RESERVED_S = 2.0
"""Seconds after which money that others have only reserved may have come back."""
Counted = Literal["requests", "sockets"]
"""What has a bucket of its own: opening a chat costs no question."""
Verdict = Literal["ok", "requests", "turns", "tokens", "money", "unknown"]


class LimitScope(msgspec.Struct, frozen=True):
    """The limits of one purse: a tenant's own (`user` empty) or those of one of its users."""

    user: str
    limits: Limits
    period: Literal["day", "month"]


class CallAmount(msgspec.Struct, frozen=True):
    """What a model call takes: reserved by estimate, settled with the truth. US dollars, and tokens of all kinds."""

    call_id: str
    usd: Decimal
    tokens: int


class Claim(msgspec.Struct):
    """What a process knows of one of its calls that the ledger may not hold yet: `open` until it is settled, which it
    was at `settled_at` by the process's own monotonic clock."""

    usd: Decimal
    open: bool
    settled_at: float = 0.0


class VersionToken(msgspec.Struct, frozen=True):
    """How far a process has seen a purse: a counter that was lost, or that went back in time, does not fit it."""

    epoch: str = ""
    seq: int = 0


class BalanceSnapshot(msgspec.Struct, frozen=True):
    """Where a purse stands: settled, and reserved on top of it (US dollars)."""

    used_usd: Decimal
    reserved_usd: Decimal
    mark: VersionToken


class ReservationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`ok`, or what stands in the way in the bound number `bound`. `unknown`: its money has to be measured against the
    ledger first. `retry_after_s` is when it can be otherwise. `standings` has one entry a bound, None without money."""

    verdict: Verdict
    bound: int = 0
    retry_after_s: float = 0.0
    standings: tuple[BalanceSnapshot | None, ...] = ()


class Base(msgspec.Struct, frozen=True):
    """What the ledger says of a purse: its period by the clock that all share, the sum, the position it was read at and
    the calls among those counted that this sum holds already."""

    until: datetime
    usd: Decimal
    position: int
    known: frozenset[str]


class Reservations(Protocol):
    """Counts of one tenant change all together or not at all, by one clock. Every method answers within 0.1 s or raises
    `DependencyUnavailable`, and may then have taken effect all the same."""

    async def count(self, tenant: str, what: Counted, bounds: Sequence[LimitScope]) -> ReservationAnswer:
        """Count one against `requests_per_minute` in each bound: a bucket of a minute's worth, which fills evenly and
        begins full when its limit is changed.

        With a second bound, of a user, who waits comes before who has had much: as long as other users of the tenant
        were refused lately, this one takes no more than his even share of the tenant's limit. Alone he may take it all.
        """
        ...

    async def enter(
        self, tenant: str, turn_id: str, bounds: Sequence[LimitScope], *, lasting_s: float, always: bool = False
    ) -> ReservationAnswer:
        """Count a request and take a place for a turn in each bound; the place comes back by itself after `lasting_s`.
        `always`: the turn runs already, so nothing is refused and no request counted."""
        ...

    async def leave(self, tenant: str, turn_id: str, bounds: Sequence[LimitScope]) -> None:
        """Give the places back."""
        ...

    async def reserve(
        self, tenant: str, call: CallAmount, bounds: Sequence[LimitScope], marks: Sequence[VersionToken]
    ) -> ReservationAnswer:
        """Set aside what a call takes, in each bound. `marks` has one for each bound."""
        ...

    async def settle(
        self,
        tenant: str,
        call: CallAmount,
        tokens_back: int,
        bounds: Sequence[LimitScope],
        marks: Sequence[VersionToken],
    ) -> ReservationAnswer:
        """Put the truth in place of an estimate; twice is once. `tokens_back`: estimated and not used (or negative)."""
        ...

    async def counted(self, tenant: str, bound: LimitScope) -> tuple[datetime, list[str]]:
        """The time by the shared clock, and the calls that are counted beside the ledger's sum (bounded)."""
        ...

    async def rebase(self, tenant: str, bound: LimitScope, base: Base, claims: dict[str, Claim]) -> BalanceSnapshot:
        """Measure a purse against the ledger: its sum replaces what was counted, unless a later one is there already;
        the caller's own calls that the ledger does not hold are counted beside it. A reservation that nobody settled
        for some minutes counts as spent from here on."""
        ...
