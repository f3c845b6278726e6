"""A process takes so many turns and no more, and buckets fill evenly."""

from __future__ import annotations

import pytest

from application.budget.gcra import Buckets
from application.budget.process_limits import Admission
from domain.refusals import Overloaded, RateLimited


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_places_come_back() -> None:
    admission = Admission(turns=3, turns_per_tenant=2, requests_per_minute=10)
    admission.enter("a", "ada")
    admission.enter("a", "bob")
    with pytest.raises(RateLimited):
        admission.enter("a", "cy")
    admission.enter("b")
    with pytest.raises(Overloaded):
        admission.enter("c")
    admission.leave("a", "ada")
    admission.enter("c", "ada", places=1, of_user=1)
    for left in (("a", "bob"), ("b", ""), ("c", "ada")):
        admission.leave(*left)
    assert not admission.running and not admission.running_of_user


def test_a_users_places_are_within_the_tenants() -> None:
    admission = Admission(turns=9, turns_per_tenant=9, requests_per_minute=10)
    admission.enter("a", "ada", of_user=1)
    with pytest.raises(RateLimited, match="user"):
        admission.enter("a", "ada", of_user=1)
    admission.enter("a", "bob", of_user=1)


def test_a_bucket_holds_a_minute_and_fills_evenly() -> None:
    clock = Clock()
    held = Buckets(clock)

    def admitted(tries: int) -> int:
        count = 0
        for _ in range(tries):
            if not held.wait_s("a", 1, 60):
                held.take("a", 1, 60)
                count += 1
        return count

    assert admitted(600) == 60
    clock.now += 10
    assert admitted(600) == 10
    clock.now += held.wait_s("a", 1, 60)
    assert admitted(600) == 1
    assert held.wait_s("b", 1, 60) == 0


def test_what_others_allowed_leaves_no_debt_and_what_is_given_back_counts() -> None:
    held = Buckets(Clock())
    held.note("a", 1000, 60)
    assert 0.9 < held.wait_s("a", 1, 60) <= 1
    held.give_back("a", 30, 60)
    assert held.wait_s("a", 30, 60) == 0


def test_buckets_are_bounded() -> None:
    held = Buckets(Clock(), most=10)
    for n in range(100):
        held.take(n, 1, 60)
    assert len(held._full_at) == 10
