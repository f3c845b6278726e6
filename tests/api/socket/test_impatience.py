"""Whoever asks again before he may is read from ever more slowly; whoever waits as he was told is not."""

from __future__ import annotations

import pytest

from api.socket.impatience import LONGEST_S, Impatience
from domain.refusals import RateLimited, Refusal, TurnInProgress

TOLD = RateLimited(retry_after_s=0.2)
# What is refused, the time since the frame before was read, and how long this one was waited for.
HABITS: dict[str, tuple[Refusal, float, float]] = {
    "waits as told": (TOLD, 0.2, 0.2),
    "has questions ready": (TOLD, 0.0, 0.0),
    "asks without end, one after the other": (TOLD, 0.01, 0.01),
    "asks while his turn runs": (TurnInProgress(), 0.0, 0.0),
    "asks once more while his turn runs": (TurnInProgress(), 0.1, 0.1),
}
RESTS = {
    "waits as told": [],
    "has questions ready": [0.05, 0.1, 0.2, 0.4, 0.8, LONGEST_S, LONGEST_S],
    "asks without end, one after the other": [0.05, 0.1, 0.2],
    "asks while his turn runs": [0.05, 0.1, 0.2, 0.4],
    "asks once more while his turn runs": [],
}


@pytest.mark.parametrize("habit", HABITS)
async def test_who_comes_too_soon_rests_twice_as_long_each_time(habit: str) -> None:
    refusal, after_s, waited_s = HABITS[habit]
    now, rests = 0.0, list[float]()

    async def rest(seconds: float) -> None:
        nonlocal now
        rests.append(seconds)
        now += seconds

    impatience = Impatience(clock=lambda: now, rest=rest)
    for _ in range(8):
        now += after_s
        await impatience.refused(refusal, waited_s)
    assert rests[: len(RESTS[habit])] == RESTS[habit] and bool(rests) == bool(RESTS[habit])
    impatience.accepted()
    rests.clear()
    now += 1
    await impatience.refused(refusal, waited_s)
    assert not rests, "what was let in begins it anew"
