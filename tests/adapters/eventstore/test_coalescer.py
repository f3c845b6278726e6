"""The writer of a lane, with a recorder that does as it is told: no append waits for ever, whatever breaks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from eventsourcing.persistence import DataError, IntegrityError, InternalError, OperationalError, StoredEvent
from psycopg.errors import ReadOnlySqlTransaction

from adapters.eventstore.coalescer import MAX_BYTES, Coalescer
from domain.refusals import Conflict, DependencyUnavailable, Draining, Overloaded

NO_PAUSE = (0.0, 0.0, 0.0)
TENANT = "a tenant"


class ScriptedRecorder:
    """Keeps batches in memory. `script` holds what to raise, one an insert (None: nothing); streams named `bad` always
    conflict, those named `broken` cannot be stored at all."""

    def __init__(self, *script: Exception | None) -> None:
        self.script = list(script)
        self.batches: list[list[str]] = []
        self.stored: list[StoredEvent] = []
        self.may_write = threading.Event()
        self.may_write.set()
        self.unreadable = False
        self.mended: list[bool] = []

    def insert_events(self, events: Sequence[StoredEvent], *, keys: Sequence[Any], tenants: Sequence[str]) -> list[int]:
        assert list(tenants) == [TENANT] * len(events)
        self.may_write.wait(10)
        if self.script and (error := self.script.pop(0)):
            raise error
        streams = [str(event.originator_id) for event in events]
        self.batches.append(streams)
        if "bad" in streams:
            raise IntegrityError
        if "broken" in streams:
            raise DataError
        self.stored += events
        return list(range(len(self.stored) - len(events) + 1, len(self.stored) + 1))

    def already_stored(self, acting: str, events: Sequence[StoredEvent], keys: Sequence[Any]) -> list[int] | None:
        if self.unreadable:
            raise OperationalError
        return [self.stored.index(event) + 1 for event in events] if set(events) <= set(self.stored) else None

    def mend(self, *, anew: bool = False) -> None:
        """There are no connections to mend; how it was asked."""
        self.mended.append(anew)


@asynccontextmanager
async def writing(recorder: ScriptedRecorder, **limits: Any) -> AsyncIterator[Coalescer]:
    coalescer = Coalescer(recorder, pauses_s=NO_PAUSE, **limits)  # type: ignore[arg-type]  # a fake
    coalescer.start()
    try:
        yield coalescer
    finally:
        recorder.may_write.set()
        await asyncio.wait_for(coalescer.stop(), 10)


def save(stream: str, events: int = 1) -> list[StoredEvent]:
    return [StoredEvent(stream, version + 1, "topic", b"state") for version in range(events)]


async def test_what_waits_together_is_written_together() -> None:
    async with writing(recorder := ScriptedRecorder()) as coalescer:
        positions = await asyncio.gather(*(coalescer.append(TENANT, save(str(n), 2), []) for n in range(5)))
    assert positions == [2, 4, 6, 8, 10]
    assert len(recorder.batches) == 1


@pytest.mark.parametrize(("guilty", "refusal"), [("bad", Conflict), ("broken", DataError)])
async def test_only_the_guilty_append_fails(guilty: str, refusal: type[Exception]) -> None:
    async with writing(ScriptedRecorder()) as coalescer:
        streams = ["a", "b", guilty, "c", "d"]
        outcomes = await asyncio.gather(
            *(coalescer.append(TENANT, save(s), []) for s in streams), return_exceptions=True
        )
    assert [type(outcome) for outcome in outcomes] == [int, int, refusal, int, int]


async def test_a_database_that_comes_back_in_time_is_not_noticed() -> None:
    async with writing(ScriptedRecorder(OperationalError(), OperationalError())) as coalescer:
        assert await coalescer.append(TENANT, save("a"), []) == 1


async def test_a_writer_that_became_a_follower_is_left_for_the_new_one() -> None:
    """A failover: connections stay sound, and their server refuses to write."""
    follower, fault = InternalError("cannot execute INSERT"), InternalError("a fault")
    follower.__cause__ = ReadOnlySqlTransaction()
    async with writing(recorder := ScriptedRecorder(OperationalError(), follower, None, fault)) as coalescer:
        assert await coalescer.append(TENANT, save("a"), []) == 1
        assert recorder.mended == [False, True]
        with pytest.raises(InternalError, match="a fault"):
            await coalescer.append(TENANT, save("b"), [])


async def test_one_that_stays_away_is_told_to_everybody_and_the_writer_goes_on() -> None:
    async with writing(ScriptedRecorder(*[OperationalError()] * 3)) as coalescer:
        outcomes = await asyncio.gather(*(coalescer.append(TENANT, save(s), []) for s in "abc"), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [DependencyUnavailable] * 3
        assert await coalescer.append(TENANT, save("d"), []) == 1


async def test_a_break_while_the_stored_bytes_are_compared_is_told_and_the_writer_goes_on() -> None:
    async with writing(recorder := ScriptedRecorder()) as coalescer:
        recorder.unreadable = True
        with pytest.raises(DependencyUnavailable):
            await coalescer.append(TENANT, save("bad"), [])
        assert await coalescer.append(TENANT, save("a"), []) == 1


async def test_too_many_waiting_appends_are_refused_at_once() -> None:
    async with writing(recorder := ScriptedRecorder(), max_waiting=2) as coalescer:
        recorder.may_write.clear()
        waiting = [asyncio.create_task(coalescer.append(TENANT, save("first"), []))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the writer has taken it
        waiting += [asyncio.create_task(coalescer.append(TENANT, save(s), [])) for s in "bc"]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await coalescer.append(TENANT, save("d"), [])
        recorder.may_write.set()
        assert await asyncio.gather(*waiting) == [1, 2, 3]


def large(stream: str, size: int) -> list[StoredEvent]:
    return [StoredEvent(originator_id=stream, originator_version=1, topic="t", state=b"x" * size)]


async def test_what_waits_is_bounded_in_bytes() -> None:
    async with writing(recorder := ScriptedRecorder(), max_waiting_bytes=100) as coalescer:
        recorder.may_write.clear()
        waiting = [asyncio.create_task(coalescer.append(TENANT, large("first", 1_000), []))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the writer has taken it
        waiting += [asyncio.create_task(coalescer.append(TENANT, large(s, 50), [])) for s in "bc"]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await coalescer.append(TENANT, large("d", 1), [])
        recorder.may_write.set()
        assert await asyncio.gather(*waiting) == [1, 2, 3]
        assert await coalescer.append(TENANT, large("e", 100), []) == 4


async def test_a_transaction_is_bounded_in_bytes() -> None:
    async with writing(recorder := ScriptedRecorder()) as coalescer:
        recorder.may_write.clear()
        waiting = [asyncio.create_task(coalescer.append(TENANT, save("first"), []))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the writer has taken it
        third = MAX_BYTES // 3 + 1
        waiting += [asyncio.create_task(coalescer.append(TENANT, large(s, third), [])) for s in "bcdef"]
        await asyncio.sleep(0)
        recorder.may_write.set()
        await asyncio.gather(*waiting)
        assert [len(batch) for batch in recorder.batches] == [1, 3, 2]


async def test_a_writer_that_hangs_is_not_waited_for_without_end() -> None:
    async with writing(recorder := ScriptedRecorder(), append_s=0.01) as coalescer:
        recorder.may_write.clear()
        with pytest.raises(DependencyUnavailable):
            await coalescer.append(TENANT, save("a"), [])


async def test_at_the_end_what_waits_is_written_and_what_comes_is_refused() -> None:
    async with writing(ScriptedRecorder()) as coalescer:
        waiting = asyncio.gather(*(coalescer.append(TENANT, save(s), []) for s in "abc"))
        await asyncio.sleep(0)
        await coalescer.stop()
        assert await waiting == [1, 2, 3]
        with pytest.raises(Draining):
            await coalescer.append(TENANT, save("d"), [])


class Panic(BaseException):
    """What a library in another language raises."""


@pytest.mark.parametrize("fault", [KeyError(), asyncio.CancelledError(), Panic()], ids=lambda f: type(f).__name__)
async def test_the_writer_outlives_whatever_its_recorder_raises(fault: BaseException) -> None:
    class Breaking(ScriptedRecorder):
        def insert_events(self, events: Sequence[StoredEvent], **named: Any) -> list[int]:
            if not self.batches:
                self.batches.append([])
                raise fault
            return super().insert_events(events, **named)

    async with asyncio.timeout(5), writing(Breaking()) as coalescer:
        with pytest.raises(Exception):  # noqa: B017, PT011  # whichever it is, the caller hears of it
            await coalescer.append(TENANT, save("a"), [])
        assert await coalescer.append(TENANT, save("b"), []) == 1
        assert not any(coalescer.loops.down().values())
