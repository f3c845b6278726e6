"""Installations come to rest as they must whatever goes wrong; and the simulation finds what is wrong with them."""

from __future__ import annotations

import pytest

from tests.simulation.run import simulate

SEEDS = 200


def test_a_seed_is_played_the_same_way_again() -> None:
    first, again = list[str](), list[str]()
    assert simulate(22, told=first) == simulate(22, told=again)
    assert first == again and len(first) > 50


@pytest.mark.long
def test_installations_come_to_rest_whatever_goes_wrong() -> None:
    outcomes = [simulate(seed) for seed in range(1, SEEDS + 1)]
    assert [(outcome.seed, outcome.findings) for outcome in outcomes if outcome.findings] == []
    happened = sum((outcome.happened for outcome in outcomes), outcomes[0].happened)
    wanted = (
        "killed rolled frozen cut_off away clock_jumped disconnected pipe_lost answer_lost late_append made_up effect "
        "erased"
    )
    assert {*wanted.split()} <= happened.keys(), "each kind of fault has its seeds"
    assert sum(outcome.turns for outcome in outcomes) > SEEDS


@pytest.mark.long
@pytest.mark.parametrize("bug", ["fence", "dedupe", "holes", "intents"])
def test_a_planted_bug_is_found(bug: str) -> None:
    assert any(simulate(seed, [bug]).findings for seed in range(1, SEEDS + 1))
