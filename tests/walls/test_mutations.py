"""Each wall is taken away in turn: something turns red, and what else stands there holds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infra.local.endpoints import Endpoints
from tests.walls.mutations import PAGE, names, permissions
from tests.walls.pair import Pair, remove_each
from tests.walls.pairs_in_memory import PAIRS
from tests.walls.pairs_on_services import PAIRS as ON_SERVICES
from tests.walls.pairs_on_services import Ground, ground


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.guarded)
async def test_without_a_wall_something_turns_red_and_the_others_hold(pair: Pair) -> None:
    for removal in await remove_each(pair):
        assert removal.red and removal.held_by, removal.wall.name


def test_the_page_names_every_wall_as_it_is_and_each_was_noticed_and_held() -> None:
    """`make mutate` writes it."""
    page = PAGE.read_text()
    assert permissions() in page
    cells = [
        line.strip("| ").split(" | ") for line in page.partition("<!-- /mutations")[0].splitlines() if " | " in line
    ]
    assert [tuple(row[:4]) for row in cells[1:]] == names()
    assert all(row[4] == "red" and row[5] != "nothing" for row in cells[1:])


@pytest.fixture(scope="module")
async def on(endpoints: Endpoints, database: str) -> AsyncIterator[Ground]:
    async with ground(endpoints, database) as found:
        yield found


@pytest.mark.real
@pytest.mark.parametrize("pair", ON_SERVICES, ids=lambda pair: pair.guarded)
async def test_in_a_server_too(pair: Pair, on: Ground) -> None:
    for removal in await remove_each(pair, on):
        assert removal.red and removal.held_by, removal.wall.name
