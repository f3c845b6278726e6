"""What model calls may take: tokens and money set aside before a call leaves, and settled with the truth afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import msgspec

from application.budget.balance import RANK, BalanceCache, Level
from application.budget.call_limits import CHEAPEST, call_bounds, token_rates, tokens_of, with_money
from application.budget.ledger_sync import LedgerSync
from application.budget.limit_refusals import over_limit
from application.budget.local_quota import LocalQuota
from application.budget.threshold_watch import ThresholdWatch
from application.clock import new_id
from application.ports.tenants.reservations import CallAmount, LimitScope, ReservationAnswer, Reservations, VersionToken
from application.ports.tenants.tenants import Tenants
from application.tasks import TaskSet
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import BudgetExceeded, DependencyUnavailable, Refusal
from domain.usage import cost_of

TRIES = 3


class Reservation(msgspec.Struct, frozen=True):
    """What a call has set aside; without bounds nothing was."""

    tenant: str
    call: CallAmount
    bounds: tuple[LimitScope, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CallReservations:
    """Asks the counts that all processes share; while they are away, this process's share and the ledger."""

    tenants: Tenants
    shared: Reservations
    share: LocalQuota
    purses: BalanceCache
    measure: LedgerSync
    watch: ThresholdWatch
    tasks: TaskSet = field(default_factory=partial(TaskSet, "budget_measure"))

    async def reserve(self, tenant: str, user: str, started: ModelCallStarted) -> Reservation:
        """Set aside what a call is estimated to take. BudgetExceeded or RateLimited, with when to come back;
        `DependencyUnavailable` when nobody can tell what was spent."""
        bounds = call_bounds((await self.tenants.settings(tenant)).budget, user)
        for whose in {"", user} - {bound.user for bound in with_money(bounds)}:
            self.purses.without_limit(tenant, whose)
        usd = cost_of(started.model, started.estimate, started.agreed)
        call = CallAmount(started.call_id, usd, tokens_of(started.estimate))
        if not bounds:
            return Reservation(tenant, call)
        try:
            allowed = await self._reserve_together(tenant, call, bounds)
            if not allowed:
                await self._reserve_alone(tenant, call, bounds)
        except BudgetExceeded:
            self.watch.refused(tenant, bounds, started)
            raise
        self.share.count(tenant, "tokens", call.tokens, token_rates(bounds), allowed=allowed)
        for bound in with_money(bounds):
            self.purses.of(tenant, bound.user).claim(call.call_id, call.usd)
        self.watch.look(tenant, bounds)
        return Reservation(tenant, call, bounds)

    async def settle(self, reservation: Reservation, used: TokensUsed) -> None:
        """Put what a call cost in place of what was set aside. Raises for nothing that is away."""
        await self._settle(reservation, used.cost_usd, tokens_of(used.usage))

    async def release(self, reservation: Reservation) -> None:
        """The call never left: it cost nothing."""
        await self._settle(reservation, Decimal(0), 0)
        for bound in with_money(reservation.bounds):
            self.purses.of(reservation.tenant, bound.user).forget([reservation.call.call_id])

    def level(self, tenant: str, user: str = "") -> Level:
        """How much is gone, of the tenant's own or this user's money, whichever is worse, when last heard of: `warned`
        from four fifths on, `low` from nine tenths, `out`. Costs nothing."""
        own = self.purses.level(tenant, "")
        return max(own, self.purses.level(tenant, user), key=RANK.__getitem__) if user else own

    async def check_not_out(self, tenant: str, user: str) -> None:
        """A turn whose calls would be refused is not begun: one that was is tried once more in its place."""
        for whose in ("", user):
            purse = self.purses.held(tenant, whose)
            if purse and purse.refused and purse.level == "out":
                probe = msgspec.structs.replace(purse.refused.started, call_id=new_id(), user=user, model=CHEAPEST)
                await self.release(await self.reserve(tenant, user, probe))

    async def _reserve_together(self, tenant: str, call: CallAmount, bounds: Sequence[LimitScope]) -> bool:
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

    async def _undo(self, tenant: str, call: CallAmount, bounds: Sequence[LimitScope]) -> None:
        """Nobody knows whether the shared counts took it; the call is not made."""
        for bound in with_money(bounds):
            self.purses.of(tenant, bound.user).take_back(call.call_id)
            try:
                await self.measure.together(tenant, bound)
            except DependencyUnavailable:
                pass  # they hear of it before the next reservation

    async def _reserve_alone(self, tenant: str, call: CallAmount, bounds: Sequence[LimitScope]) -> None:
        try:
            self.share.check(tenant, "tokens", call.tokens, token_rates(bounds))
            for bound in with_money(bounds):
                await self.measure.share_out(tenant, bound)
            for bound in with_money(bounds):
                self.measure.check_alone(tenant, bound, call.usd)
        except BaseException:
            await self._undo(tenant, call, bounds)
            raise
        for bound in with_money(bounds):
            purse = self.purses.of(tenant, bound.user)
            purse.mark = VersionToken()  # the shared counts have to hear of this call first when they are back
            if purse.allowance is not None:
                purse.allowance -= call.usd

    async def _settle(self, reservation: Reservation, usd: Decimal, tokens: int) -> None:
        tenant, bounds, call = reservation.tenant, reservation.bounds, reservation.call
        if not bounds:
            return
        back = call.tokens - tokens
        for bound in with_money(bounds):
            self.purses.of(tenant, bound.user).settle(call.call_id, usd)
        self.share.give_back(tenant, "tokens", back, token_rates(bounds))
        truth = CallAmount(call.call_id, usd, tokens)
        try:
            marks = self._marks(tenant, bounds)
            answer = await self.shared.settle(tenant, truth, back, bounds, marks)
            self._see(tenant, bounds, answer)
            if answer.verdict == "unknown":
                await self.measure.together(tenant, bounds[answer.bound], marks[answer.bound])
        except Refusal:
            for bound in with_money(bounds):
                self.purses.of(tenant, bound.user).mark = VersionToken()
        self.watch.look(tenant, bounds)
        if due := self.measure.due(tenant, bounds):
            self.tasks.start(self.measure.again(tenant, due))

    def _marks(self, tenant: str, bounds: Sequence[LimitScope]) -> list[VersionToken]:
        return [self.purses.of(tenant, bound.user).mark for bound in bounds]

    def _see(self, tenant: str, bounds: Sequence[LimitScope], answer: ReservationAnswer) -> None:
        for bound, standing in zip(bounds, answer.standings, strict=False):
            self.purses.of(tenant, bound.user).see(standing)
