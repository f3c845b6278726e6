"""What a tenant and its users may use, kept before it is used: requests and turns when a turn begins, tokens and money
before each model call, which is settled with the truth afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import msgspec

from application.budget.balance import RANK, BalanceCache, BudgetThresholdCrossed, Level, Refused
from application.budget.gcra import Buckets
from application.budget.ledger_sync import Account, LedgerSync
from application.budget.limit_refusals import over_limit
from application.budget.local_quota import LocalQuota, Rate
from application.budget.process_limits import Admission
from application.budget.request_rates import Refusals, RequestRates
from application.budget.turn_permits import TurnPermits
from application.clock import Moment, Seconds, monotonic, new_id, now
from application.ports.reservations import Answer, Call, LimitScope, Reservations, VersionToken
from application.ports.spending import Spending
from application.ports.tenants import Tenants
from application.tasks import TaskSet
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import BudgetExceeded, DependencyUnavailable, Refusal
from domain.tenant.budget_period import period_at
from domain.tenant.events import Budget
from domain.usage import PRICES, Usage, cost_of

TRIES = 3
CHEAPEST = min((family for family, price in PRICES.items() if price.output), key=lambda name: PRICES[name].output)


class Reservation(msgspec.Struct, frozen=True):
    """What a call has set aside; without bounds nothing was."""

    tenant: str
    call: Call
    bounds: tuple[LimitScope, ...] = ()


@dataclass(eq=False)
class BudgetGate:
    """Refuses what is over a limit, and nothing else. `permit_ttl_s` is longer than any turn may last: a permit that
    nobody gives back is free again after it. `news` hears once a period of each worse state of a balance."""

    tenants: Tenants
    admission: Admission
    shared: Reservations
    spending: Spending
    replicas: int = 1
    permit_ttl_s: float = 180.0
    news: Callable[[BudgetThresholdCrossed], None] = lambda _: None
    clock: Seconds = monotonic
    now: Moment = now
    _tasks: TaskSet = field(default_factory=partial(TaskSet, "budget_measure"))

    def __post_init__(self) -> None:
        self.purses = BalanceCache(self.clock)
        self.share = LocalQuota(self.replicas, Buckets(self.clock))
        per_minute, places = self.admission.requests_per_minute, self.admission.turns_per_tenant
        refusals = Refusals(self.clock)
        self.requests = RequestRates(self.tenants, self.shared, self.share, per_minute, places, refusals)
        self.places = TurnPermits(self.requests, self.admission, self.shared, self.permit_ttl_s)
        self.measure = LedgerSync(self.shared, self.spending, self.purses, self.replicas, self.clock, self.now)

    # Turns

    async def admit(self, tenant: str, user: str, turn_id: str) -> None:
        """Count a request and take a place for a turn. RateLimited, Overloaded, Draining, or BudgetExceeded when the
        last call found the money used up and it still is; each with when to come back."""
        await self.places.enter(tenant, user, turn_id)
        try:
            await self._not_out(tenant, user)
        except BaseException:
            await self.leave(tenant, user, turn_id)
            raise

    async def readmit(self, tenant: str, user: str, turn_id: str) -> None:
        """A turn that was taken over from another process keeps its place, and is refused nothing."""
        await self.places.enter_again(tenant, user, turn_id)

    async def leave(self, tenant: str, user: str, turn_id: str) -> None:
        """The turn has ended: its places are free, here at once."""
        await self.places.leave(tenant, user, turn_id)

    async def _not_out(self, tenant: str, user: str) -> None:
        """A turn whose calls would be refused is not begun: one that was is tried once more in its place."""
        for whose in ("", user):
            purse = self.purses.held(tenant, whose)
            if purse and purse.refused and purse.level == "out":
                probe = msgspec.structs.replace(purse.refused.started, call_id=new_id(), user=user, model=CHEAPEST)
                await self.release(await self.reserve(tenant, user, probe))

    # Model calls

    async def reserve(self, tenant: str, user: str, started: ModelCallStarted) -> Reservation:
        """Set aside what a call is estimated to take. BudgetExceeded or RateLimited, with when to come back;
        `DependencyUnavailable` when nobody can tell what was spent."""
        bounds = _call_bounds((await self.tenants.settings(tenant)).budget, user)
        for whose in {"", user} - {bound.user for bound in _with_money(bounds)}:
            self.purses.without_limit(tenant, whose)
        call = Call(started.call_id, cost_of(started.model, started.estimate), tokens_of(started.estimate))
        if not bounds:
            return Reservation(tenant, call)
        try:
            allowed = await self._reserve_together(tenant, call, bounds)
            if not allowed:
                await self._reserve_alone(tenant, call, bounds)
        except BudgetExceeded:
            self._remember(tenant, bounds, started)
            raise
        self.share.count(tenant, "tokens", call.tokens, _rates(bounds), allowed=allowed)
        for bound in _with_money(bounds):
            self.purses.of(tenant, bound.user).claim(call.call_id, call.usd)
        self._tell(tenant, bounds)
        return Reservation(tenant, call, bounds)

    async def settle(self, reservation: Reservation, used: TokensUsed) -> None:
        """Put what a call cost in place of what was set aside. Raises for nothing that is away."""
        await self._settle(reservation, used.cost_usd, tokens_of(used.usage))

    async def release(self, reservation: Reservation) -> None:
        """The call never left: it cost nothing."""
        await self._settle(reservation, Decimal(0), 0)
        for bound in _with_money(reservation.bounds):
            self.purses.of(reservation.tenant, bound.user).forget([reservation.call.call_id])

    def level(self, tenant: str, user: str = "") -> Level:
        """How much is gone, of the tenant's own or this user's money, whichever is worse, when last heard of: `warned`
        from four fifths on, `low` from nine tenths, `out`. Costs nothing."""
        own = self.purses.level(tenant, "")
        return max(own, self.purses.level(tenant, user), key=RANK.__getitem__) if user else own

    async def account(self, tenant: str) -> Account:
        """What the tenant spent and has reserved in the running period; `DependencyUnavailable`."""
        return await self.measure.account(tenant, (await self.tenants.settings(tenant)).budget)

    async def _reserve_together(self, tenant: str, call: Call, bounds: Sequence[LimitScope]) -> bool:
        """False when the shared counts are away."""
        for _ in range(TRIES):
            marks = self._marks(tenant, bounds)
            try:
                answer = await self.shared.reserve(tenant, call, bounds, marks)
                if answer.verdict == "unknown":
                    await self.measure.together(tenant, bounds[answer.bound], marks[answer.bound])
                    continue
            except DependencyUnavailable:
                return False
            except asyncio.CancelledError:
                await self._undo(tenant, call, bounds)
                raise
            self._see(tenant, bounds, answer)
            if answer.verdict != "ok":
                raise over_limit(answer, bounds)
            return True
        return False

    async def _undo(self, tenant: str, call: Call, bounds: Sequence[LimitScope]) -> None:
        """Nobody knows whether the shared counts took it; the call is not made."""
        for bound in _with_money(bounds):
            self.purses.of(tenant, bound.user).take_back(call.call_id)
            try:
                await self.measure.together(tenant, bound)
            except DependencyUnavailable:
                pass  # they hear of it before the next reservation

    async def _reserve_alone(self, tenant: str, call: Call, bounds: Sequence[LimitScope]) -> None:
        try:
            self.share.check(tenant, "tokens", call.tokens, _rates(bounds))
            for bound in _with_money(bounds):
                await self.measure.share_out(tenant, bound)
            for bound in _with_money(bounds):
                self.measure.check_alone(tenant, bound, call.usd)
        except BaseException:
            await self._undo(tenant, call, bounds)
            raise
        for bound in _with_money(bounds):
            purse = self.purses.of(tenant, bound.user)
            purse.mark = VersionToken()  # the shared counts have to hear of this call first when they are back
            if purse.allowance is not None:
                purse.allowance -= call.usd

    async def _settle(self, reservation: Reservation, usd: Decimal, tokens: int) -> None:
        tenant, bounds, call = reservation.tenant, reservation.bounds, reservation.call
        if not bounds:
            return
        back = call.tokens - tokens
        for bound in _with_money(bounds):
            self.purses.of(tenant, bound.user).settle(call.call_id, usd)
        self.share.give_back(tenant, "tokens", back, _rates(bounds))
        truth = Call(call.call_id, usd, tokens)
        try:
            marks = self._marks(tenant, bounds)
            answer = await self.shared.settle(tenant, truth, back, bounds, marks)
            self._see(tenant, bounds, answer)
            if answer.verdict == "unknown":
                await self.measure.together(tenant, bounds[answer.bound], marks[answer.bound])
        except Refusal:
            for bound in _with_money(bounds):
                self.purses.of(tenant, bound.user).mark = VersionToken()
        self._tell(tenant, bounds)
        if due := self.measure.due(tenant, bounds):
            self._tasks.start(self.measure.again(tenant, due))

    def _marks(self, tenant: str, bounds: Sequence[LimitScope]) -> list[VersionToken]:
        return [self.purses.of(tenant, bound.user).mark for bound in bounds]

    def _see(self, tenant: str, bounds: Sequence[LimitScope], answer: Answer) -> None:
        for bound, standing in zip(bounds, answer.standings, strict=False):
            self.purses.of(tenant, bound.user).see(standing)

    def _remember(self, tenant: str, bounds: Sequence[LimitScope], started: ModelCallStarted) -> None:
        """What is settled already leaves too little for this call: it does not only wait for others."""
        usd, least = (cost_of(model, started.estimate) for model in (started.model, CHEAPEST))
        for bound in _with_money(bounds):
            purse, limit = self.purses.of(tenant, bound.user), bound.limits.limit_usd or Decimal(0)
            if purse.used + usd > limit:
                purse.refused = Refused(started, usd, min(usd, least), limit)
        self._tell(tenant, bounds)

    def _tell(self, tenant: str, bounds: Sequence[LimitScope]) -> None:
        for bound in _with_money(bounds):
            purse, limit = self.purses.of(tenant, bound.user), bound.limits.limit_usd or Decimal(0)
            purse.judge(limit)
            period = period_at(bound.period, self.now())[0].date().isoformat()
            if purse.worse(period, limit):
                self.news(BudgetThresholdCrossed(tenant, bound.user, period, limit, purse.used, purse.level))


def tokens_of(usage: Usage) -> int:
    """All tokens of a call, whatever they cost."""
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens


def _call_bounds(budget: Budget, user: str) -> tuple[LimitScope, ...]:
    both = (("", budget), (user, budget.per_user))
    return tuple(
        LimitScope(whose, b, budget.period) for whose, b in both if b.limit_usd is not None or b.tokens_per_minute
    )


def _with_money(bounds: Sequence[LimitScope]) -> Iterator[LimitScope]:
    return (bound for bound in bounds if bound.limits.limit_usd is not None)


def _rates(bounds: Sequence[LimitScope]) -> list[Rate]:
    return [(bound, bound.limits.tokens_per_minute) for bound in bounds]
