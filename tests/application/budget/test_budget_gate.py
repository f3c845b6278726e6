"""Tokens and money are refused over their limits and at no other time, whatever is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.budget import ledger_sync as measure
from application.ports.tenants.reservations import CallAmount, LimitScope, ReservationAnswer, VersionToken
from domain.model_calls import settle
from domain.refusals import BudgetExceeded, DependencyUnavailable, RateLimited
from domain.tenant.budget import Budget, Limits
from domain.usage import Usage, cost_of
from tests.application.budget.harness import CENT, MODEL, House, T, call, reserved, tokens
from tests.fakes.in_memory_reservations import InMemoryReservations


class TakenUnheard(InMemoryReservations):
    """Something happens between what a reservation took and its answer."""

    before_answer: Callable[[], Awaitable[None]] | None = None

    async def reserve(
        self, tenant: str, call: CallAmount, bounds: Sequence[LimitScope], marks: Sequence[VersionToken]
    ) -> ReservationAnswer:
        answer = await super().reserve(tenant, call, bounds, marks)
        if self.before_answer:
            await self.before_answer()
        return answer


async def test_tokens_a_minute_are_reserved_and_what_was_not_used_comes_back() -> None:
    house = House(tokens_per_minute=10_000)
    here, there = house.process(), house.process()
    started = call(4)
    reservation = await here.calls.reserve(T, "ada", started)
    with pytest.raises(RateLimited) as refused:
        await there.calls.reserve(T, "ada", call(2))
    assert refused.value.retry_after_s == pytest.approx(12, abs=0.1)
    await here.calls.settle(reservation, settle(started, tokens(0.5)))
    await there.calls.reserve(T, "ada", call(2))


# Money


async def test_many_at_once_over_two_processes_never_pass_the_limit() -> None:
    house = House(limit_usd=20 * CENT)
    here, there = house.process(), house.process()
    let_in = await asyncio.gather(reserved(here, 100), reserved(there, 100))
    assert sum(map(len, let_in)) == 20
    assert house.ledger.asked == 2, "one look at the ledger a process"


async def test_what_is_only_reserved_may_come_back_soon_and_what_is_spent_at_the_periods_end() -> None:
    house = House(limit_usd=CENT, period="day")
    gate = house.process()
    started = call(1)
    reservation = await gate.calls.reserve(T, "ada", started)
    with pytest.raises(BudgetExceeded) as refused:
        await gate.calls.reserve(T, "ada", call(1))
    assert refused.value.retry_after_s == 2
    await gate.calls.settle(reservation, settle(started, tokens(0.9)))
    with pytest.raises(BudgetExceeded) as refused:
        await gate.calls.reserve(T, "ada", call(1))
    assert refused.value.retry_after_s == 12 * 3600, "it is noon by the shared clock"
    house.shared.now = datetime(2026, 11, 27, 0, 0, 1, tzinfo=UTC)
    house.later(12 * 3600 + 1)
    await gate.calls.reserve(T, "ada", call(1))


async def test_a_users_limit_stands_beside_the_tenants() -> None:
    house = House(limit_usd=10 * CENT, per_user=Limits(limit_usd=2 * CENT))
    gate = house.process()
    assert len(await reserved(gate, 5, user="ada")) == 2
    assert len(await reserved(gate, 20, user="bob")) == 2
    with pytest.raises(BudgetExceeded, match="reserved by"):
        await gate.calls.reserve(T, "ada", call(1))


async def test_what_the_ledger_holds_was_spent_before() -> None:
    house = House(limit_usd=10 * CENT)
    house.ledger.add(T, "bob", "old", 8 * CENT, house.shared.now)
    house.ledger.add(T, "bob", "last-month", 8 * CENT, house.shared.now - timedelta(days=40))
    house.ledger.add("other", "bob", "theirs", 8 * CENT, house.shared.now)
    assert len(await reserved(house.process(), 10)) == 2


async def test_lost_counts_are_made_anew_from_the_ledger_and_what_it_does_not_hold_yet() -> None:
    house = House(limit_usd=10 * CENT)
    here, there = house.process(), house.process()
    await house.spend(here, 2)
    for gate in (here, there):
        started = call(1)
        await gate.calls.settle(await gate.calls.reserve(T, "ada", started), settle(started, tokens(1)))
        await gate.calls.reserve(T, "ada", call(1))
    house.shared.flush()
    assert len(await reserved(here, 1)) == 1
    assert len(await reserved(there, 10)) == 3, "2 in the ledger, 2 settled, 2 reserved, 1 new"


async def test_the_truth_of_calls_that_were_let_in_before_a_loss_is_counted_after_it() -> None:
    house = House(limit_usd=10 * CENT)
    here, there = house.process(), house.process()
    started = call(1)
    reservation = await here.calls.reserve(T, "ada", started)
    house.shared.flush()
    await there.calls.reserve(T, "ada", call(1))
    await here.calls.settle(reservation, settle(started, tokens(5)))
    assert len(await reserved(there, 10)) == 4


async def test_while_the_shared_counts_are_away_half_of_the_rest_is_each_ones() -> None:
    house = House(limit_usd=20 * CENT)
    house.ledger.add(T, "ada", "old", 4 * CENT)
    here, there = house.process(), house.process()
    house.shared.away = True
    assert (len(await reserved(here, 50)), len(await reserved(there, 50))) == (8, 8)
    with pytest.raises(BudgetExceeded) as refused:
        await here.calls.reserve(T, "ada", call(1))
    assert 0 < (refused.value.retry_after_s or 0) <= 60, "then the ledger is asked again"


async def test_a_minute_later_they_share_what_is_left() -> None:
    house = House(limit_usd=16 * CENT)
    gate = house.process()
    house.shared.away = True
    for _ in range(8):
        started = call(1)
        await gate.calls.settle(await gate.calls.reserve(T, "ada", started), settle(started, tokens(1)))
        house.ledger.add(T, "ada", started.call_id, CENT)
    assert await reserved(gate, 1) == []
    house.later(61)
    assert len(await reserved(gate, 10)) == 4


async def test_when_they_return_they_hear_of_what_was_reserved_without_them() -> None:
    house = House(limit_usd=10 * CENT)
    gate = house.process()
    await reserved(gate, 1)
    house.shared.away = True
    assert len(await reserved(gate, 3)) == 3
    house.shared.away = False
    assert len(await reserved(gate, 20)) == 6


async def test_nobody_can_tell_so_nobody_is_let_in() -> None:
    house = House(limit_usd=CENT)
    house.ledger.away = True
    gate = house.process()
    with pytest.raises(DependencyUnavailable):
        await gate.calls.reserve(T, "ada", call(1))
    house.ledger.away = False
    await gate.calls.reserve(T, "ada", call(1))


async def test_the_ledger_may_be_away_once_the_counts_are_known() -> None:
    house = House(limit_usd=2 * CENT)
    gate = house.process()
    await reserved(gate, 1)
    house.ledger.away = True
    assert len(await reserved(gate, 2)) == 1


async def test_a_call_that_never_left_costs_nothing() -> None:
    house = House(limit_usd=CENT)
    gate = house.process()
    for _ in range(3):
        await gate.calls.release(await gate.calls.reserve(T, "ada", call(1)))


async def test_a_wrong_clock_of_one_process_changes_nothing() -> None:
    house = House(limit_usd=10 * CENT, period="day", requests_per_minute=3)
    here, there = house.process(), house.process(now=lambda: datetime(2031, 1, 1, tzinfo=UTC))
    await reserved(here, 4)
    for n in range(2):
        await here.permits.admit(T, "ada", f"t{n}")
    assert len(await reserved(there, 20)) == 6
    await there.permits.admit(T, "ada", "t2")
    with pytest.raises(RateLimited):
        await there.permits.admit(T, "ada", "t3")


async def test_a_corrected_ledger_is_heard_of_within_a_minute() -> None:
    house = House(limit_usd=10 * CENT)
    gate = house.process()
    reservation = await house.spend(gate, 1)
    house.ledger.add(T, "ada", reservation.call.call_id, 5 * CENT, house.shared.now)
    house.later(measure.AGAIN_S + 1)
    await house.spend(gate, 1)
    await asyncio.gather(*gate.calls.tasks)
    assert (await gate.account(T)).used_usd == 6 * CENT


async def test_each_worse_state_is_told_once_a_period() -> None:
    house = House(limit_usd=100 * CENT)
    gate = house.process()
    assert gate.calls.level(T) == "ok"
    for _ in range(98):
        await house.spend(gate, 1)
    with pytest.raises(BudgetExceeded):
        await gate.calls.reserve(T, "ada", call(3))
    told = [(n.state, n.used_usd, n.period, n.limit_usd, n.user) for n in house.news]
    assert told == [
        (state, used * CENT, told[0][2], 100 * CENT, "") for state, used in (("warned", 80), ("low", 89), ("out", 98))
    ]
    assert gate.calls.level(T) == gate.calls.level(T, "ada") == "out"
    house.tenants.budget = Budget(limit_usd=1000 * CENT)
    await house.spend(gate, 1)
    assert gate.calls.level(T) == "ok"


async def test_once_the_money_is_used_up_no_turn_begins_until_it_is_not() -> None:
    house = House(limit_usd=CENT, concurrent_turns=1)
    gate = house.process()
    await house.spend(gate, 0.5, estimate=1)
    await gate.permits.admit(T, "ada", "t1")
    with pytest.raises(BudgetExceeded):
        await gate.calls.reserve(T, "ada", call(1))
    await gate.permits.leave(T, "ada", "t1")
    for turn in ("t2", "t3"):
        with pytest.raises(BudgetExceeded) as refused:
            await gate.permits.admit(T, "bob", turn)
        assert (refused.value.retry_after_s or 0) > 80_000 and not gate.admission.running
    house.tenants.budget = Budget(limit_usd=2 * CENT, concurrent_turns=1)
    await gate.permits.admit(T, "bob", "t4")
    assert gate.calls.level(T) == "ok" and (await gate.account(T)).reserved_usd == 0


async def test_without_a_limit_nothing_is_out() -> None:
    house = House(limit_usd=CENT)
    gate = house.process()
    with pytest.raises(BudgetExceeded):
        await gate.calls.reserve(T, "ada", call(2))
    assert gate.calls.level(T) == "out"
    house.tenants.budget = Budget()
    await gate.permits.admit(T, "ada", "t")
    assert gate.calls.level(T) == "ok"


async def test_a_cancelled_reservation_is_taken_back() -> None:
    house = House(limit_usd=CENT, shared=(shared := TakenUnheard()))
    gate = house.process()
    await gate.calls.release(await gate.calls.reserve(T, "ada", call(1)))
    answering = asyncio.Event()

    async def slow() -> None:
        answering.set()
        await asyncio.Event().wait()

    shared.before_answer = slow
    waiting = asyncio.create_task(gate.calls.reserve(T, "ada", call(1)))
    await answering.wait()
    waiting.cancel()
    await asyncio.wait([waiting])
    await asyncio.gather(*gate.calls.tasks)
    shared.before_answer = None
    await gate.calls.reserve(T, "ada", call(1))


async def test_what_may_have_been_taken_while_nobody_answered_is_taken_back() -> None:
    house = House(limit_usd=4 * CENT, shared=(shared := TakenUnheard()))
    gate = house.process()
    await gate.calls.release(await gate.calls.reserve(T, "ada", call(1)))

    async def broken() -> None:
        shared.away = True
        raise DependencyUnavailable

    shared.before_answer = broken
    with pytest.raises(BudgetExceeded, match="counted"):
        await gate.calls.reserve(T, "ada", call(3))
    shared.away, shared.before_answer = False, None
    assert len(await reserved(gate, 10)) == 4


async def test_before_it_refuses_a_tier_down_is_asked_for() -> None:
    house = House(limit_usd=10 * CENT)
    gate = house.process()
    await house.spend(gate, 3)
    dear = msgspec.structs.replace(call(4), model="global.anthropic.claude-sonnet-4-5")  # three times as dear
    with pytest.raises(BudgetExceeded):
        await gate.calls.reserve(T, "ada", dear)
    assert gate.calls.level(T) == "low", "a cheaper model can still answer"
    await gate.permits.admit(T, "ada", "t1")
    await house.spend(gate, 5, estimate=6)
    assert gate.calls.level(T) == "out", "not even that"
    with pytest.raises(BudgetExceeded):
        await gate.permits.admit(T, "ada", "t2")
    house.tenants.budget = Budget(limit_usd=100 * CENT)
    await gate.permits.admit(T, "ada", "t3")
    assert gate.calls.level(T) == "ok"


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "reserve", "settle", "settle", "project", "flush", "measure"]),
        st.integers(0, 2),  # which process
        st.integers(1, 400),  # estimate, in hundredths of a cent
        st.integers(0, 110),  # truth, in per cent of it
    ),
    max_size=80,
)


@given(ACTS)
async def test_whatever_happens_no_more_is_spent_than_the_limit_and_the_error_of_estimates(acts: list[Any]) -> None:
    """Three processes, a ledger that lags, and shared counts that are lost again and again."""
    house = House(limit_usd=10 * CENT)
    gates, open_calls = [house.process() for _ in range(3)], list[Any]()
    unprojected, spent, errors = list[Any](), Decimal(0), Decimal(0)
    for act, number, estimate, share in acts:
        gate = gates[number]
        if act == "reserve":
            started = call(estimate / 100)
            try:
                open_calls.append((gate, started, await gate.calls.reserve(T, "ada", started)))
            except BudgetExceeded:
                pass
        elif act == "settle" and open_calls:
            whose, started, reservation = open_calls.pop(number % len(open_calls))
            used = settle(started, Usage(output_tokens=started.estimate.output_tokens * share // 100))
            await whose.calls.settle(reservation, used)
            spent += used.cost_usd
            errors += max(Decimal(0), used.cost_usd - cost_of(MODEL, started.estimate))
            unprojected.append(used)
        elif act == "project":
            for used in unprojected:
                house.ledger.add(T, "ada", used.call_id, used.cost_usd, house.shared.now)
            unprojected.clear()
        elif act == "flush":
            house.shared.flush()
            for one in gates:  # each of them is at work, so each is heard of
                await one.account(T)
        elif act == "measure":
            await gate.account(T)
    for whose, started, reservation in open_calls:
        await whose.calls.settle(reservation, settle(started, started.estimate))
        spent += cost_of(MODEL, started.estimate)
    assert spent <= 10 * CENT + errors
