"""Every attack of the catalogue on one installation, and what it did to those who were not attacked."""

from __future__ import annotations

import asyncio

import pytest

from tests.attack.attack import Attack, Ground, Result
from tests.attack.campaign import LANES
from tests.attack.catalogue import ATTACKS, KINDS, PAGE, page
from tests.attack.conftest import Bystander, Running
from tests.attack.table import Turn, table


@pytest.mark.real
@pytest.mark.attack
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_an_attack_ends_as_it_must(attack: Attack, campaign: Running) -> None:
    if wrong := campaign.result(attack.id).wrong:
        pytest.fail(wrong, pytrace=False)


@pytest.mark.real
@pytest.mark.attack
async def test_afterwards_everybody_is_answered_and_nothing_broke(ground: Ground, campaign: Running) -> None:
    await ground.still_works()
    async with asyncio.timeout(60), ground.http() as http:
        while (report := (await http.get("/health/ready")).json())["status"] != "ready":  # noqa: ASYNC110
            await asyncio.sleep(1)
    assert {"relay_0", "project_costs_0", "document_claims", "ingest"} <= report["parts"].keys()
    async with ground.chat() as chat:
        assert (await chat.ask("How many days may coffee be returned?"))["type"] == "turn.completed"


@pytest.mark.real
@pytest.mark.attack
def test_the_bystander_was_answered_all_the_while(bystander: Bystander, campaign: Running) -> None:
    turns = bystander.turns()
    assert turns, "the bystander asked nothing"
    assert not [turn for turn in turns if turn.first_s <= 0], "turns of the bystander failed"


def test_the_page_shows_what_is_attacked() -> None:
    """Make it so with `python -m tests.attack.catalogue`."""
    assert len(ATTACKS) >= 400 and len({attack.id for attack in ATTACKS}) == len(ATTACKS)
    kinds = [kind.__name__.rpartition(".")[2] for kind in KINDS]
    assert sorted(kind for lane in LANES for kind in lane) == sorted(kinds), "each kind goes in one lane"
    assert PAGE.read_text() == page()


def test_the_table_says_what_a_run_came_to_also_when_it_was_cut() -> None:
    first, second = ATTACKS[0], ATTACKS[-1]
    results = [Result(first.id, "", 10.0, 12.0), Result(second.id, "not made: the time was up", 0.0, 0.0)]
    turns = [Turn(at, 0.1) for at in range(10)] + [Turn(10.5, 0.3), Turn(11.0, -1.0)]
    *kinds, made, waited, median = table(ATTACKS, results, turns)
    assert [line.split()[:3] for line in kinds[1:]] == [[first.kind, "1", "0"]] and kinds[1].endswith("3.00")
    assert made == "1 attacks made" and "over 2 turns, 1 failed: p50 300 ms beside 100 before" in waited
    assert median.endswith("3.00 of what it was before: NOT within 1.25")
    assert table(ATTACKS, [], turns) == ["no attack was made"]
