"""Walls that stand before the same thing, and an attempt to get past them: with each of them taken away in turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

CANARY = "canary-7f3a"
"""What is another's, and must not be had."""


class Wall(msgspec.Struct, frozen=True):
    """`without` says how it is taken away: by configuration, a fake or a subclass at composition, or a statement in the
    test's own database. No code of the product is changed."""

    name: str
    without: str


Attempt = Callable[[Any, frozenset[str]], Awaitable[bool]]
"""Tries with the walls of these names standing: whether it got through. What is no wall's refusal is raised."""


class Pair(msgspec.Struct, frozen=True):
    """What is guarded, what is tried, and the walls, each of which is to hold alone."""

    guarded: str
    tried: str
    walls: tuple[Wall, ...]
    attempt: Attempt


class Removal(msgspec.Struct, frozen=True):
    """What came of taking one wall away. `red`: the probe that this wall alone holds fails without it. `held_by`: the
    walls that keep the attempt out meanwhile."""

    pair: Pair
    wall: Wall
    red: bool
    held_by: tuple[str, ...]


async def remove_each(pair: Pair, ground: Any = None) -> list[Removal]:
    """Each wall in turn. AssertionError where one does not hold by itself, or where the attempt is kept out although no
    wall stands: then it proves nothing."""
    names = frozenset(wall.name for wall in pair.walls)
    assert len(names) == len(pair.walls) >= 2
    assert not await pair.attempt(ground, names), f"{pair.guarded}: it gets through all walls"
    for name in names:
        assert not await pair.attempt(ground, frozenset({name})), f"{pair.guarded}: {name} does not hold alone"
    red = await pair.attempt(ground, frozenset())
    assert red, f"{pair.guarded}: without any wall it is still kept out"
    found = []
    for wall in pair.walls:
        others = names - {wall.name}
        held = not await pair.attempt(ground, others)
        found.append(Removal(pair, wall, red, tuple(one.name for one in pair.walls if one.name in others and held)))
    return found
