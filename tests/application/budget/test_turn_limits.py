"""Requests and turns are refused over their limits and at no other time, whatever is away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.refusals import Draining, Overloaded, RateLimited
from domain.tenant.budget import Budget, Limits
from tests.application.budget.harness import House, T


async def test_without_a_budget_nobody_is_asked_of_money() -> None:
    house = House()
    gate = house.process()
    await gate.permits.admit(T, "ada", "t1")
    await house.spend(gate)
    await gate.permits.leave(T, "ada", "t1")
    assert (house.shared.answered, house.ledger.asked, gate.calls.level(T)) == (2, 0, "ok"), "it came and went"
    assert not gate.admission.running


async def test_the_installations_limits_hold_where_a_tenant_has_none() -> None:
    gate = House().process()
    for n in range(20):
        await gate.permits.admit(T, "ada", f"t{n}")
    with pytest.raises(RateLimited) as refused:
        await gate.permits.admit(T, "ada", "t20")
    assert refused.value.retry_after_s == 1
    for n in range(20):
        await gate.permits.leave(T, "ada", f"t{n}")
    for n in range(280):
        await gate.permits.admit(T, "ada", f"u{n}")
        await gate.permits.leave(T, "ada", f"u{n}")
    with pytest.raises(RateLimited) as refused:
        await gate.permits.admit(T, "ada", "last")
    assert 0 < (refused.value.retry_after_s or 0) <= 0.21
    assert not gate.admission.running, "who is refused holds no place"


@pytest.mark.parametrize("limit", [None, 10])
async def test_requests_and_turns_are_counted_together_over_all_processes(limit: int | None) -> None:
    house = House(requests_per_minute=limit)
    here, there = house.process(), house.process()
    for n in range((limit or 300) // 2):
        await here.requests.count(T, "ada")
        await there.permits.admit(T, "ada", f"t{n}")
        await there.permits.leave(T, "ada", f"t{n}")
    for gate in (here, there):
        with pytest.raises(RateLimited) as refused:
            await gate.requests.count(T, "ada")
        assert 0 < (refused.value.retry_after_s or 0) <= 60 / (limit or 300)
        with pytest.raises(RateLimited):
            await gate.permits.admit(T, "ada", "more")
        assert not gate.admission.running
    await here.requests.count("other", "ada")
    await here.requests.count(T, "ada", "sockets")  # a chat can still be opened


async def test_who_was_told_to_wait_is_refused_without_asking_until_then() -> None:
    house = House(requests_per_minute=1)
    gate = house.process()
    await gate.requests.count(T, "ada")
    with pytest.raises(RateLimited):
        await gate.requests.count(T, "ada")
    asked = house.shared.answered
    for _ in range(1000):
        with pytest.raises(RateLimited):
            await gate.requests.count(T, "ada")
        with pytest.raises(RateLimited):
            await gate.permits.admit(T, "ada", "t")
    assert house.shared.answered == asked
    house.tenants.budget = Budget(requests_per_minute=2)
    await gate.requests.count(T, "ada")  # the limit was changed
    house.tenants.budget = Budget(requests_per_minute=1)
    house.shared.now += timedelta(seconds=60)
    house.later(60)
    await gate.requests.count(T, "ada")


async def test_where_the_tenants_limit_stands_in_the_way_all_who_are_known_to_wait_are_refused_without_asking() -> None:
    house = House(requests_per_minute=60)
    gate, users = house.process(), [f"user-{n}" for n in range(20)]

    async def refused(who: list[str]) -> int:
        """How often the shared counts are asked while all of these are refused."""
        before = house.shared.answered
        for user in who:
            with pytest.raises(RateLimited):
                await gate.requests.count(T, user)
        return house.shared.answered - before

    def pass_by(seconds: float) -> None:
        house.shared.now += timedelta(seconds=seconds)
        house.later(seconds)

    for _ in range(60):
        await gate.requests.count(T, "ada")
    assert await refused(users) == 20, "each of them is heard of, so that he has his share"
    pass_by(1)
    await gate.requests.count(T, "user-0")
    assert await refused(users) == 1, "one is asked about, and the answer is everybody's"
    assert await refused(["somebody else"]) == 1
    pass_by(1)
    await gate.requests.count(T, "user-1")
    pass_by(0.6)
    assert await refused(users) == 20, "they are heard of again before they are forgotten"


async def test_limits_hold_over_all_processes() -> None:
    house = House(concurrent_turns=3, per_user=Limits(concurrent_turns=2))
    here, there = house.process(), house.process()
    await here.permits.admit(T, "ada", "t1")
    await there.permits.admit(T, "ada", "t2")
    with pytest.raises(RateLimited, match="user"):
        await here.permits.admit(T, "ada", "t3")
    await there.permits.admit(T, "bob", "t4")
    with pytest.raises(RateLimited, match="tenant"):
        await here.permits.admit(T, "cy", "t5")
    await here.permits.leave(T, "ada", "t1")
    await here.permits.admit(T, "cy", "t5")


async def test_a_turn_that_is_taken_over_is_never_refused() -> None:
    house = House(concurrent_turns=1)
    here, there = house.process(), house.process()
    await here.permits.admit(T, "ada", "t1")
    await there.permits.readmit(T, "ada", "t1")
    with pytest.raises(RateLimited):
        await there.permits.admit(T, "ada", "t2")
    await there.permits.leave(T, "ada", "t1")
    await there.permits.admit(T, "ada", "t2")


async def test_a_process_that_drains_or_is_full_takes_none() -> None:
    house = House(turns=1, concurrent_turns=50)
    gate = house.process()
    await gate.permits.admit(T, "ada", "t1")
    with pytest.raises(Overloaded):
        await gate.permits.admit("other", "ada", "t2")
    gate.admission.draining = True
    with pytest.raises(Draining):
        await gate.permits.admit(T, "ada", "t3")


async def test_without_the_shared_counts_each_process_has_a_share() -> None:
    house = House(replicas=3, requests_per_minute=30, concurrent_turns=9)
    house.shared.away = True
    gates, admitted = [house.process() for _ in range(3)], 0
    for gate in gates:
        for n in range(20):
            try:
                await gate.permits.admit(T, "ada", f"t{n}")
                await gate.permits.leave(T, "ada", f"t{n}")
                admitted += 1
            except RateLimited:
                pass
    assert admitted == 30
    other = house.process()
    for n in range(3):
        await other.permits.admit(T, "ada", f"place{n}")
    with pytest.raises(RateLimited, match="at once"):
        await other.permits.admit(T, "ada", "place3")


async def test_when_they_go_away_in_the_middle_the_share_is_not_fresh() -> None:
    house = House(requests_per_minute=10)
    gate = house.process()
    for n in range(10):
        await gate.permits.admit(T, "ada", f"t{n}")
    house.shared.away = True
    with pytest.raises(RateLimited):
        await gate.permits.admit(T, "ada", "more")


async def test_whoever_waits_as_told_is_let_in() -> None:
    house = House(requests_per_minute=7)
    gate = house.process()
    for n in range(7):
        await gate.permits.admit(T, "ada", f"t{n}")
    for n in range(5):
        with pytest.raises(RateLimited) as refused:
            await gate.permits.admit(T, "ada", f"u{n}")
        wait = refused.value.retry_after_s or 0
        house.shared.now += timedelta(seconds=wait)
        house.later(wait)
        await gate.permits.admit(T, "ada", f"u{n}")
