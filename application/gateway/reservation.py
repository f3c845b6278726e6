"""What a tenant and its users may use, kept before it is used: requests and turns when a turn begins, tokens and money
before each model call, which is settled with the truth afterwards."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from application.admission import TOO_MANY_OF_USER, TOO_MANY_TURNS, Admission
from application.buckets import Buckets
from application.clock import now
from application.gateway.budget_period import period_at
from application.gateway.measure import Account, Measure
from application.gateway.purse import RANK, BudgetNews, Level, Purses
from application.ports.reservations import RESERVED_S, Answer, Bound, Call, Mark, Reservations
from application.ports.spending import Spending
from application.ports.tenants import Tenants
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import BudgetExceeded, DependencyUnavailable, RateLimited, Refusal
from domain.tenant.events import Budget, Limits
from domain.usage import Usage, cost_of

Rate = tuple[Bound, int | None]
TRIES = 3
TOO_MANY_TOKENS = "Too many tokens a minute; try again later."


class Reservation(msgspec.Struct, frozen=True):
    """What a call has set aside; without bounds nothing was."""

    tenant: str
    call: Call
    bounds: tuple[Bound, ...] = ()


@dataclass(eq=False)
class BudgetGate:
    """Refuses what is over a limit, and nothing else. `place_s` is longer than any turn may last: a place that nobody
    gives back is free again after it. `news` hears once a period of each worse state of a purse."""

    tenants: Tenants
    admission: Admission
    shared: Reservations
    spending: Spending
    replicas: int = 1
    place_s: float = 180.0
    news: Callable[[BudgetNews], None] = lambda _: None
    purses: Purses = field(default_factory=Purses)
    _buckets: Buckets = field(default_factory=Buckets)
    _entered: dict[str, list[Bound]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.measure = Measure(self.shared, self.spending, self.purses, self.replicas)

    # Turns

    async def admit(self, tenant: str, user: str, turn_id: str) -> None:
        """Count a request and take a place for a turn. RateLimited, Overloaded or Draining, with when to come back."""
        bounds, shared = await self._turn_bounds(tenant, user)
        whole = [bound.limits.concurrent_turns for bound in bounds]
        self.admission.enter(tenant, user, places=whole[0], of_user=whole[1] if len(whole) > 1 else None)
        entered = False
        try:
            entered = shared and await self._enter(tenant, turn_id, bounds)
            self._enter_here(tenant, user, bounds, allowed=entered)
        except BaseException as error:
            self.admission.leave(tenant, user)
            if shared and (entered or not isinstance(error, Refusal)):
                self._soon(self._give_back(tenant, turn_id, bounds))
            raise
        if shared:
            self._entered[turn_id] = bounds

    async def readmit(self, tenant: str, user: str, turn_id: str) -> None:
        """A turn that was taken over from another process keeps its place, and is refused nothing."""
        self.admission.add(tenant, user)
        try:
            bounds, shared = await self._turn_bounds(tenant, user)
            if shared:
                self._entered[turn_id] = bounds
                await self.shared.enter(tenant, turn_id, bounds, lasting_s=self.place_s, always=True)
        except Refusal:
            pass  # it is counted here

    async def leave(self, tenant: str, user: str, turn_id: str) -> None:
        """The turn has ended: its places are free, here at once."""
        self.admission.leave(tenant, user)
        if bounds := self._entered.pop(turn_id, None):
            await self._give_back(tenant, turn_id, bounds)

    async def _turn_bounds(self, tenant: str, user: str) -> tuple[list[Bound], bool]:
        """The limits of turns, and whether other processes have to be asked."""
        budget = (await self.tenants.settings(tenant)).budget
        requests, places = budget.requests_per_minute, budget.concurrent_turns
        own = Limits(
            requests_per_minute=requests or self.admission.requests_per_minute,
            concurrent_turns=places or self.admission.turns_per_tenant,
        )
        bounds, theirs = [Bound("", own, budget.period)], budget.per_user
        if theirs.requests_per_minute or theirs.concurrent_turns:
            bounds.append(Bound(user, theirs, budget.period))
        return bounds, bool(self.replicas > 1 or requests or places or len(bounds) > 1)

    async def _enter(self, tenant: str, turn_id: str, bounds: Sequence[Bound]) -> bool:
        try:
            answer = await self.shared.enter(tenant, turn_id, bounds, lasting_s=self.place_s)
        except DependencyUnavailable:
            return False
        if answer.verdict != "ok":
            raise _refusal(answer, bounds)
        return True

    def _enter_here(self, tenant: str, user: str, bounds: Sequence[Bound], *, allowed: bool) -> None:
        rates = [(bound, bound.limits.requests_per_minute) for bound in bounds]
        if not allowed:
            running = (self.admission.running[tenant], self.admission.running_of_user[tenant, user])
            for bound, turns in zip(bounds, running, strict=False):
                places = bound.limits.concurrent_turns
                if places and turns > max(1, places // self.replicas):
                    raise RateLimited(TOO_MANY_OF_USER if bound.user else TOO_MANY_TURNS, retry_after_s=1)
            self._check_here(tenant, "requests", 1, rates)
        self._count_here(tenant, "requests", 1, rates, allowed=allowed)

    async def _give_back(self, tenant: str, turn_id: str, bounds: Sequence[Bound]) -> None:
        try:
            await self.shared.leave(tenant, turn_id, bounds)
        except DependencyUnavailable:
            pass  # the place comes back by itself

    # Model calls

    async def reserve(self, tenant: str, user: str, started: ModelCallStarted) -> Reservation:
        """Set aside what a call is estimated to take. BudgetExceeded or RateLimited, with when to come back;
        `DependencyUnavailable` when nobody can tell what was spent."""
        bounds = _call_bounds((await self.tenants.settings(tenant)).budget, user)
        call = Call(started.call_id, cost_of(started.model, started.estimate), tokens_of(started.estimate))
        if not bounds:
            return Reservation(tenant, call)
        allowed = await self._reserve_together(tenant, call, bounds)
        if not allowed:
            try:
                self._check_here(tenant, "tokens", call.tokens, _rates(bounds))
                await self._reserve_alone(tenant, call, bounds)
            except BaseException:
                self._soon(self._undo(tenant, call, bounds))
                raise
        self._count_here(tenant, "tokens", call.tokens, _rates(bounds), allowed=allowed)
        for bound in _with_money(bounds):
            self.purses.of(tenant, bound.user).claim(call.call_id, call.usd)
        self._tell(tenant, bounds)
        return Reservation(tenant, call, bounds)

    async def settle(self, reservation: Reservation, used: TokensUsed) -> None:
        """Put what a call cost in place of what was set aside. Never raises for what is away; twice is once."""
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

    async def _reserve_together(self, tenant: str, call: Call, bounds: Sequence[Bound]) -> bool:
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
                self._soon(self._undo(tenant, call, bounds))
                raise
            self._see(tenant, bounds, answer)
            if answer.verdict != "ok":
                raise _refusal(answer, bounds)
            return True
        return False

    async def _undo(self, tenant: str, call: Call, bounds: Sequence[Bound]) -> None:
        """Nobody knows whether the shared counts took it; the call is not made."""
        try:
            nothing = Call(call.call_id, Decimal(0), 0)
            await self.shared.settle(tenant, nothing, 0, bounds, self._marks(tenant, bounds))
        except DependencyUnavailable:
            pass  # it counts by its estimate

    async def _reserve_alone(self, tenant: str, call: Call, bounds: Sequence[Bound]) -> None:
        for bound in _with_money(bounds):
            try:
                await self.measure.alone(tenant, bound, call.usd)
            except BudgetExceeded:
                self._tell(tenant, bounds)
                raise
        for bound in _with_money(bounds):
            purse = self.purses.of(tenant, bound.user)
            purse.mark = Mark()  # the shared counts have to hear of this call first when they are back
            if purse.allowance is not None:
                purse.allowance -= call.usd

    async def _settle(self, reservation: Reservation, usd: Decimal, tokens: int) -> None:
        tenant, bounds, call = reservation.tenant, reservation.bounds, reservation.call
        if not bounds:
            return
        back = call.tokens - tokens
        for bound in _with_money(bounds):
            self.purses.of(tenant, bound.user).settle(call.call_id, usd)
        for bound, per_minute in _rates(bounds):
            if per_minute:
                self._buckets.give_back((tenant, bound.user, "tokens"), back, per_minute / self.replicas)
        truth = Call(call.call_id, usd, tokens)
        try:
            marks = self._marks(tenant, bounds)
            answer = await self.shared.settle(tenant, truth, back, bounds, marks)
            self._see(tenant, bounds, answer)
            if answer.verdict == "unknown":
                await self.measure.together(tenant, bounds[answer.bound], marks[answer.bound])
        except Refusal:
            for bound in _with_money(bounds):
                self.purses.of(tenant, bound.user).mark = Mark()
        self._tell(tenant, bounds)
        if due := self.measure.due(tenant, bounds):
            self._soon(self.measure.again(tenant, due))

    def _check_here(self, tenant: str, what: str, amount: int, rates: Sequence[Rate]) -> None:
        shares = [((tenant, bound.user, what), limit / self.replicas) for bound, limit in rates if limit]
        if wait := max((self._buckets.wait_s(key, amount, share) for key, share in shares), default=0.0):
            raise RateLimited(TOO_MANY_TOKENS if what == "tokens" else "", retry_after_s=_rounded(wait))

    def _count_here(self, tenant: str, what: str, amount: int, rates: Sequence[Rate], *, allowed: bool) -> None:
        """What the shared counts allowed is counted here too, so that the share is not fresh when they go away."""
        count = self._buckets.note if allowed else self._buckets.take
        for bound, limit in rates:
            if limit:
                count((tenant, bound.user, what), amount, limit / self.replicas)

    def _marks(self, tenant: str, bounds: Sequence[Bound]) -> list[Mark]:
        return [self.purses.of(tenant, bound.user).mark for bound in bounds]

    def _see(self, tenant: str, bounds: Sequence[Bound], answer: Answer) -> None:
        for bound, standing in zip(bounds, answer.standings, strict=False):
            self.purses.of(tenant, bound.user).see(standing)
        if answer.verdict == "money":
            bound = bounds[answer.bound]
            lasting = answer.retry_after_s > RESERVED_S
            self.purses.of(tenant, bound.user).judge(bound.limits.limit_usd or Decimal(0), refused=lasting)
            self._tell(tenant, [bound], judged=True)

    def _tell(self, tenant: str, bounds: Sequence[Bound], *, judged: bool = False) -> None:
        for bound in _with_money(bounds):
            purse, limit = self.purses.of(tenant, bound.user), bound.limits.limit_usd or Decimal(0)
            if not judged:
                purse.judge(limit)
            period = period_at(bound.period, now())[0].date().isoformat()
            if purse.worse(period, limit):
                self.news(BudgetNews(tenant, bound.user, period, limit, purse.used, purse.level))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def tokens_of(usage: Usage) -> int:
    """All tokens of a call, whatever they cost."""
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens


def _call_bounds(budget: Budget, user: str) -> tuple[Bound, ...]:
    both = (("", budget), (user, budget.per_user))
    return tuple(Bound(whose, b, budget.period) for whose, b in both if b.limit_usd is not None or b.tokens_per_minute)


def _with_money(bounds: Sequence[Bound]) -> Iterator[Bound]:
    return (bound for bound in bounds if bound.limits.limit_usd is not None)


def _rates(bounds: Sequence[Bound]) -> list[Rate]:
    return [(bound, bound.limits.tokens_per_minute) for bound in bounds]


def _rounded(seconds: float) -> float:
    """Up, so that who waits as told is let in."""
    return math.ceil(seconds * 1000) / 1000


def _refusal(answer: Answer, bounds: Sequence[Bound]) -> Refusal:
    bound, again = bounds[answer.bound], _rounded(answer.retry_after_s)
    match answer.verdict:
        case "turns":
            return RateLimited(TOO_MANY_OF_USER if bound.user else TOO_MANY_TURNS, retry_after_s=again)
        case "tokens":
            return RateLimited(TOO_MANY_TOKENS, retry_after_s=again)
        case "money" if answer.retry_after_s <= RESERVED_S:
            return BudgetExceeded("The rest of the budget is reserved by calls that run.", retry_after_s=again)
        case "money":
            whose = "your" if bound.user else "the tenant's"
            return BudgetExceeded(f"This {bound.period}, {whose} budget is used up.", retry_after_s=again)
    return RateLimited(retry_after_s=again)
