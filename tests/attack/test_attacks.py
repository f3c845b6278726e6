"""Every attack of the catalogue on one installation; those of a kind go side by side."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from tests.attack.attack import Attack, Ground
from tests.attack.catalogue import ATTACKS, PAGE, page
from tests.attack.conftest import Bystander

AT_ONCE = defaultdict(lambda: 2, lorises=10, roles=4, ids=4, pipes=1, tails=1)
WITHIN_S = 120.0
Outcome = BaseException | None


@pytest.fixture(scope="session")
def outcomes() -> dict[str, dict[str, Outcome]]:
    """What came of each attack, by kind and id."""
    return {}


async def _all_of(kind: str, ground: Ground, wanted: set[str]) -> dict[str, Outcome]:
    gate = asyncio.Semaphore(AT_ONCE[kind])

    async def one(attack: Attack) -> tuple[str, Outcome]:
        async with gate:
            try:
                async with asyncio.timeout(WITHIN_S):
                    await attack.run(ground)
            except BaseException as error:
                return attack.id, error
        return attack.id, None

    return dict(await asyncio.gather(*(one(a) for a in ATTACKS if a.kind == kind and a.id in wanted)))


@pytest.mark.real
@pytest.mark.attack
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
async def test_an_attack_ends_as_it_must(
    attack: Attack,
    ground: Ground,
    bystander: Bystander,
    outcomes: dict[str, dict[str, Outcome]],
    request: pytest.FixtureRequest,
) -> None:
    if attack.kind not in outcomes:
        calls = [getattr(item, "callspec", None) for item in request.session.items]
        chosen = {call.params["attack"].id for call in calls if call and "attack" in call.params}
        outcomes[attack.kind] = await _all_of(attack.kind, ground, chosen)
    outcome = outcomes[attack.kind][attack.id]
    if outcome is not None:
        raise outcome


@pytest.mark.real
@pytest.mark.attack
async def test_afterwards_everybody_is_answered_and_nothing_broke(ground: Ground, bystander: Bystander) -> None:
    await ground.still_works()
    async with ground.chat() as chat:
        assert (await chat.ask("How many days may coffee be returned?"))["type"] == "turn.completed"


def test_the_page_shows_what_is_attacked() -> None:
    """Make it so with `python -m tests.attack.catalogue`."""
    assert len(ATTACKS) >= 400 and len({attack.id for attack in ATTACKS}) == len(ATTACKS)
    assert PAGE.read_text() == page()
