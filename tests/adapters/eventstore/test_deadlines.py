"""One timer ends whatever is not done in its time, each by its own, and holds nothing that is."""

from __future__ import annotations

import asyncio

from adapters.eventstore.deadlines import SharedDeadline


async def test_each_ends_by_its_own_time_unless_it_is_done() -> None:
    deadlines, loop = SharedDeadline(0.02, LookupError), asyncio.get_running_loop()
    first, done, left = loop.create_future(), loop.create_future(), loop.create_future()
    for future in (first, done, left):
        deadlines.watch(future)
    done.set_result(1)
    left.cancel()
    began = loop.time()
    assert [type(error) for error in await asyncio.gather(first, return_exceptions=True)] == [LookupError]
    assert loop.time() - began >= 0.018
    assert done.result() == 1
    later: asyncio.Future[int] = loop.create_future()
    deadlines.watch(later)
    assert [type(error) for error in await asyncio.gather(later, return_exceptions=True)] == [LookupError]


async def test_what_is_done_is_let_go() -> None:
    deadlines, loop = SharedDeadline(30.0, LookupError), asyncio.get_running_loop()
    for _ in range(100):
        future = loop.create_future()
        deadlines.watch(future)
        future.set_result(1)
    assert len(deadlines) == 1
