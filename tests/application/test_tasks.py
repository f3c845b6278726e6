"""Background tasks are seen to end: failures are counted, loops are begun again and say when they are down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from application.tasks import Loops, SingleFlight, TaskSet, Up, ended
from domain.refusals import DependencyUnavailable


class Panic(BaseException):
    """What a library in another language raises."""


FAULTS = [OSError("away"), KeyError("bug"), asyncio.CancelledError(), TimeoutError(), DependencyUnavailable(), Panic()]
each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)


def failing(times: int, fault: BaseException, done: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """A round that fails so many times."""
    left = times

    async def round() -> None:
        nonlocal left
        await asyncio.sleep(0)
        if left:
            left -= 1
            raise fault
        done.set()

    return round


@each_fault
async def test_a_loop_outlives_whatever_its_round_raises(fault: BaseException) -> None:
    done, before = asyncio.Event(), ended["turning"]
    async with asyncio.timeout(5), Loops(backoff_s=(0.0,)) as loops:
        loops.every("turning", 0.0, failing(3, fault, done))
        await done.wait()
    assert ended["turning"] - before == 3


@each_fault
async def test_a_loop_is_down_from_its_end_until_it_works_again(fault: BaseException) -> None:
    works, tried = asyncio.Event(), asyncio.Event()

    async def run(up: Up) -> None:
        tried.set()
        if not works.is_set():
            raise fault
        up()
        await loops.stop.wait()

    async with asyncio.timeout(5), Loops(backoff_s=(0.0,)) as loops:
        assert loops.down() == {}
        loops.keep("leading", run)
        await tried.wait()
        assert loops.down() == {"leading": type(fault).__name__}
        works.set()
        while loops.down()["leading"]:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_a_loop_that_returns_unasked_is_begun_again() -> None:
    times = 0

    async def run(up: Up) -> None:
        nonlocal times
        times += 1
        if times == 3:
            await loops.stop.wait()

    async with asyncio.timeout(5), Loops(backoff_s=(0.0,)) as loops:
        loops.keep("returning", run)
        while times < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_a_round_that_hangs_has_failed() -> None:
    hangs = asyncio.Event()
    rounds: list[int] = []

    async def round() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            await asyncio.Event().wait()
        hangs.set()

    async with asyncio.timeout(5), Loops(backoff_s=(0.0,)) as loops:
        loops.every("hanging", 0.0, round, within_s=0.01)
        await hangs.wait()


async def test_loops_end_when_they_are_stopped_also_while_they_fail() -> None:
    async def round() -> None:
        raise OSError

    async with asyncio.timeout(2):
        loops = Loops(backoff_s=(60.0,))
        loops.every("failing", 60.0, round)
        await asyncio.sleep(0)
        await loops.close()


@each_fault
async def test_what_a_task_raises_with_nobody_waiting_is_counted(fault: BaseException) -> None:
    tasks, before = TaskSet("alone"), ended["alone"]

    async def work() -> None:
        raise fault

    await asyncio.wait([tasks.start(work())])
    assert ended["alone"] - before == 1 and not len(tasks)


async def test_a_task_that_was_told_to_end_is_not_counted() -> None:
    tasks, before = TaskSet("told"), ended["told"]
    tasks.start(asyncio.Event().wait())
    await asyncio.sleep(0)
    await tasks.end()
    assert ended["told"] == before and not len(tasks)


async def test_shielded_work_goes_on_when_its_caller_leaves_and_its_failure_is_told() -> None:
    tasks, gate, before = TaskSet("shielded"), asyncio.Event(), ended["shielded"]

    async def work() -> None:
        await gate.wait()
        raise OSError

    caller = asyncio.ensure_future(tasks.shielded(work()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    assert caller.cancelled() and len(tasks) == 1
    gate.set()
    await tasks.join(5)
    assert ended["shielded"] - before == 1


async def test_shared_work_is_done_once_and_outlives_whoever_asked_first() -> None:
    shared: SingleFlight[str, int] = SingleFlight("loading")
    gate, times = asyncio.Event(), 0

    async def load() -> int:
        nonlocal times
        times += 1
        await gate.wait()
        return 7

    first, second = (asyncio.ensure_future(shared.of("k", load)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert await second == 7 and times == 1
    assert await shared.of("k", load) == 7 and times == 2


async def test_a_cancellation_from_inside_reaches_nobody_as_one() -> None:
    async def load() -> int:
        raise asyncio.CancelledError

    with pytest.raises(DependencyUnavailable):
        await SingleFlight[str, int]("loading").of("k", load)
    with pytest.raises(DependencyUnavailable):
        await TaskSet("inside").shielded(load())
