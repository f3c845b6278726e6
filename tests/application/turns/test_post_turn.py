"""What follows a turn waits for nobody and must not fill the memory."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from application.turns.post_turn import MOST_BYTES, PostTurn


def ended(turn_id: str, size: int, gate: asyncio.Event) -> Any:
    """A completed turn of a session of that size, whose plan has something for afterwards."""

    async def after(text: str) -> dict[str, Any]:
        await gate.wait()
        return {}

    async def nothing(*_: Any) -> None:
        return None

    plan = SimpleNamespace(plan=SimpleNamespace(after=("title",)), after=after, facts=SimpleNamespace())
    live = SimpleNamespace(state=SimpleNamespace(size=size))
    outcome, log = SimpleNamespace(completed=True, text=""), SimpleNamespace(follow_up=nothing, settle=nothing)
    return SimpleNamespace(outcome=outcome, log=log, turn_id=turn_id, live=live), plan


async def test_what_follows_is_left_out_when_there_is_too_much_of_it() -> None:
    following, gate = PostTurn(), asyncio.Event()
    for number in range(5):
        following.begin(*ended(f"t{number}", MOST_BYTES // 4, gate))
    assert len(following.tasks) == 4
    gate.set()
    await asyncio.gather(*following.tasks)
    following.begin(*ended("later", MOST_BYTES // 2, gate))
    assert len(following.tasks) == 1
    await asyncio.gather(*following.tasks)
