"""A slice of `colloquy bench canaries`: secrets everywhere, people at work, and nothing of anybody else's leaves."""

from __future__ import annotations

import asyncio

import pytest

from infra.bench.canaries.benchmark import search
from infra.bench.canaries.ids import KINDS
from infra.bench.canaries.world import populate
from infra.bench.harness.installation import Installed

pytestmark = pytest.mark.real


async def test_nothing_of_anybody_else_is_heard(ours: Installed) -> None:
    world = await asyncio.to_thread(populate, ours, 3)
    found = await search(world, frames=1_000, cases=200, minutes=0.2, sessions=1, watchers=1)
    assert (found.foreign, found.id_wrong) == ([], [])
    assert found.frames > 200 and found.prompts and found.id_cases == 200 and found.id_kinds.keys() == set(KINDS)
    assert found.kinds >= 10, "what is looked for is there to be found"
