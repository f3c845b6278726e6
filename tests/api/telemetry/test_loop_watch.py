"""A loop that stands still is seen while it stands, with the place, and again when it goes on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from api.telemetry.loop_watch import LoopWatch, Stall, tell, tell_end
from api.telemetry.metrics import loop_stalled_seconds, loop_stalls
from application.tasks import TaskSet

SECRET = "a value that stands in a variable"


def stand_still(seen: threading.Event, secret: str) -> bool:
    """As a slow pattern would: nothing else runs in this thread until somebody has seen it."""
    return seen.wait(10)


async def test_a_loop_that_stands_still_is_told_of_while_it_stands_and_when_it_goes_on() -> None:
    stalls: list[Stall] = []
    ends: list[Stall] = []
    seen, gone_on, began = threading.Event(), threading.Event(), asyncio.Event()
    watch = LoopWatch(
        lambda stall: (stalls.append(stall), seen.set()),  # type: ignore[arg-type,func-returns-value]
        lambda stall: (ends.append(stall), gone_on.set()),  # type: ignore[arg-type,func-returns-value]
        stall_s=0.05,
        look_s=0.01,
    )
    running = TaskSet("loop_watch").start(watch.run(began.set))
    await began.wait()
    assert stand_still(seen, SECRET)
    assert await asyncio.to_thread(gone_on.wait, 10)
    running.cancel()
    await asyncio.wait([running])
    assert len(stalls) == len(ends) == 1
    assert any(place.startswith(f"{__name__}:") and place.endswith(" stand_still") for place in stalls[0].where)
    assert ends[0].seconds >= stalls[0].seconds >= 0.05
    assert SECRET not in repr((stalls, ends))


async def test_a_loop_that_runs_is_not_told_of() -> None:
    stalls: list[Stall] = []
    running = TaskSet("loop_watch").start(LoopWatch(stalls.append, stalls.append, stall_s=30, look_s=0.001).run())
    for _ in range(100):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert stalls == []


@pytest.mark.parametrize(("say", "event"), [(tell, "event_loop_stalled"), (tell_end, "event_loop_went_on")])
def test_a_stall_is_an_error_in_the_log_and_counts(say: Callable[[Stall], None], event: str) -> None:
    before = loop_stalls._value.get() + loop_stalled_seconds._value.get()
    with capture_logs() as lines:
        say(Stall(1.5, 1.25, ("here:1 run",)))
    assert lines == [{"event": event, "log_level": "error", "stalled_s": 1.5, "cpu_s": 1.25, "where": ("here:1 run",)}]
    assert json.dumps(lines)
    assert loop_stalls._value.get() + loop_stalled_seconds._value.get() > before
