"""Reservations in one dictionary: what Valkey does, in Python, with a clock that a test can move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from application.budget.gcra import Buckets
from application.ports.tenants.reservations import (
    RESERVED_S,
    BalanceSnapshot,
    Base,
    CallAmount,
    Claim,
    Counted,
    LimitScope,
    ReservationAnswer,
    VersionToken,
)
from domain.refusals import DependencyUnavailable

START = datetime(2026, 11, 26, 12, tzinfo=UTC)


def limit_of(bound: LimitScope) -> int:
    """Requests a minute; 0 is without limit."""
    return bound.limits.requests_per_minute or 0


@dataclass
class _Money:
    kind: str
    until: datetime
    epoch: str
    seq: int = 0
    position: int = -1
    base: Decimal = Decimal(0)
    calls: dict[str, tuple[Decimal, datetime | None]] = field(default_factory=dict)

    @property
    def used(self) -> Decimal:
        return self.base + sum((usd for usd, deadline in self.calls.values() if not deadline), Decimal(0))

    @property
    def reserved(self) -> Decimal:
        return sum((usd for usd, deadline in self.calls.values() if deadline), Decimal(0))

    def put(self, call: str, usd: Decimal, deadline: datetime | None) -> None:
        self.calls[call] = (usd, deadline)
        if not usd and not deadline:
            del self.calls[call]
        self.seq += 1

    @property
    def standing(self) -> BalanceSnapshot:
        return BalanceSnapshot(self.used, self.reserved, VersionToken(self.epoch, self.seq))


class InMemoryReservations:
    """See the port. `away` makes it unreachable, `flush` forgets everything, `now` is the time that all share."""

    def __init__(self, *, life_s: float = 300.0, now: datetime = START) -> None:
        self.life, self.now, self.away = timedelta(seconds=life_s), now, False
        self.answered = 0
        self._epochs = 0
        self.flush()

    def flush(self) -> None:
        """Everything is forgotten."""
        self._buckets = Buckets(self._seconds)
        self._waiting: dict[tuple[str, str, int], dict[str, datetime]] = {}
        self._places: dict[tuple[str, str], dict[str, datetime]] = {}
        self._money: dict[tuple[str, str], _Money] = {}

    async def enter(
        self, tenant: str, turn_id: str, bounds: Sequence[LimitScope], *, lasting_s: float, always: bool = False
    ) -> ReservationAnswer:
        self._here()
        for number, bound in enumerate(bounds):
            places = self._free(tenant, bound)
            most = bound.limits.concurrent_turns
            if most and not always and turn_id not in places and len(places) >= most:
                return ReservationAnswer(verdict="turns", bound=number, retry_after_s=1.0)
        answer = ReservationAnswer(verdict="ok") if always else self._asked(tenant, "requests", bounds)
        for bound in bounds if answer.verdict == "ok" else ():
            if bound.limits.concurrent_turns:
                self._free(tenant, bound)[turn_id] = self.now + timedelta(seconds=lasting_s)
        return answer

    async def count(self, tenant: str, what: Counted, bounds: Sequence[LimitScope]) -> ReservationAnswer:
        self._here()
        return self._asked(tenant, what, bounds)

    def _asked(self, tenant: str, what: Counted, bounds: Sequence[LimitScope]) -> ReservationAnswer:
        who, limit = bounds[-1].user, bounds[0].limits.requests_per_minute or 0
        waiting = self._waiting.setdefault((tenant, what, limit), {})
        rates = [(n, (tenant, b.user, what, limit_of(b)), limit_of(b)) for n, b in enumerate(bounds) if limit_of(b)]
        for number, key, per_minute in rates:
            if wait := self._buckets.wait_s(key, 1, per_minute):
                if number == 0 and who:
                    waiting[who] = self.now
                return ReservationAnswer(verdict="requests", bound=number, retry_after_s=wait)
        if limit and who:
            long_ago = self.now - timedelta(seconds=max(5, 120 / limit))
            others = [user for user, at in waiting.items() if user != who and at >= long_ago]
            fair, share = (tenant, who, what, "fair"), limit / (1 + len(others))
            if others and (wait := self._buckets.wait_s(fair, 1, share)):
                waiting[who] = self.now
                return ReservationAnswer(verdict="requests", bound=1, retry_after_s=wait)
            self._buckets.take(fair, 1, share)
        for _, key, per_minute in rates:
            self._buckets.take(key, 1, per_minute)
        return ReservationAnswer(verdict="ok")

    async def leave(self, tenant: str, turn_id: str, bounds: Sequence[LimitScope]) -> None:
        self._here()
        for bound in bounds:
            self._free(tenant, bound).pop(turn_id, None)

    async def reserve(
        self, tenant: str, call: CallAmount, bounds: Sequence[LimitScope], marks: Sequence[VersionToken]
    ) -> ReservationAnswer:
        self._here()
        for number, (bound, mark) in enumerate(zip(bounds, marks, strict=True)):
            limit, tokens = bound.limits.limit_usd, bound.limits.tokens_per_minute
            if limit is not None:
                money = self._known(tenant, bound, mark)
                if money is None:
                    return ReservationAnswer(verdict="unknown", bound=number)
                if money.used + money.reserved + call.usd > limit and call.call_id not in money.calls:
                    lasting = money.used + call.usd > limit
                    again = (money.until - self.now).total_seconds() if lasting else RESERVED_S
                    told = self._standings(tenant, bounds)
                    return ReservationAnswer(verdict="money", bound=number, retry_after_s=again, standings=told)
            if tokens and (wait := self._buckets.wait_s((tenant, bound.user, "t"), call.tokens, tokens)):
                return ReservationAnswer(verdict="tokens", bound=number, retry_after_s=wait)
        for bound in bounds:
            if bound.limits.tokens_per_minute:
                self._buckets.take((tenant, bound.user, "t"), call.tokens, bound.limits.tokens_per_minute)
            if bound.limits.limit_usd is not None:
                self._money[tenant, bound.user].put(call.call_id, call.usd, self.now + self.life)
        return ReservationAnswer(verdict="ok", standings=self._standings(tenant, bounds))

    async def settle(
        self,
        tenant: str,
        call: CallAmount,
        tokens_back: int,
        bounds: Sequence[LimitScope],
        marks: Sequence[VersionToken],
    ) -> ReservationAnswer:
        self._here()
        unknown = None
        for number, (bound, mark) in enumerate(zip(bounds, marks, strict=True)):
            if bound.limits.tokens_per_minute:
                key = (tenant, bound.user, "t")
                self._buckets.give_back(key, tokens_back, bound.limits.tokens_per_minute)
            if bound.limits.limit_usd is not None:
                money = self._known(tenant, bound, mark)
                if money is None:
                    unknown = number
                elif call.call_id in money.calls:
                    money.put(call.call_id, call.usd, None)
        told = self._standings(tenant, bounds)
        return ReservationAnswer(verdict="ok" if unknown is None else "unknown", bound=unknown or 0, standings=told)

    async def counted(self, tenant: str, bound: LimitScope) -> tuple[datetime, list[str]]:
        self._here()
        money = self._money.get((tenant, bound.user))
        return self.now, list(money.calls) if money else []

    async def rebase(self, tenant: str, bound: LimitScope, base: Base, claims: dict[str, Claim]) -> BalanceSnapshot:
        self._here()
        money = self._money.get((tenant, bound.user))
        if money is None or (money.kind, money.until) != (bound.period, base.until):
            self._epochs += 1
            money = self._money[tenant, bound.user] = _Money(bound.period, base.until, f"e{self._epochs}")
        if base.position >= money.position:
            money.base, money.position = base.usd, base.position
            for call in base.known:
                money.calls.pop(call, None)
        for id, claim in claims.items():
            if id not in money.calls or not claim.open:
                money.put(id, claim.usd, self.now + self.life if claim.open else None)
        for id, (usd, deadline) in list(money.calls.items()):
            if deadline and deadline < self.now:
                money.put(id, usd, None)
        return money.standing

    def _seconds(self) -> float:
        return (self.now - START).total_seconds()  # small numbers, for they are added up

    def _here(self) -> None:
        if self.away:
            raise DependencyUnavailable
        self.answered += 1

    def _free(self, tenant: str, bound: LimitScope) -> dict[str, datetime]:
        kept = {turn: at for turn, at in self._places.get((tenant, bound.user), {}).items() if at > self.now}
        self._places[tenant, bound.user] = kept
        return kept

    def _known(self, tenant: str, bound: LimitScope, mark: VersionToken) -> _Money | None:
        money = self._money.get((tenant, bound.user))
        fits = money and money.kind == bound.period and self.now < money.until and money.epoch == mark.epoch
        return money if fits and money and money.seq >= mark.seq else None

    def _standings(self, tenant: str, bounds: Sequence[LimitScope]) -> tuple[BalanceSnapshot | None, ...]:
        held = [self._money.get((tenant, bound.user)) for bound in bounds]
        return tuple(
            None if bound.limits.limit_usd is None or money is None else money.standing
            for bound, money in zip(bounds, held, strict=True)
        )
