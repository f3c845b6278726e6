"""The relay on fakes: order, loss, rivals and a store that was set back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from application.clock import new_id
from application.ports.facts.event_pipe import PipeEnd, PipeMoved
from application.ports.facts.event_store import Recorded
from application.tasks import Loops, Up
from domain.event import Envelope
from domain.refusals import DependencyUnavailable
from domain.session.events import SessionOpened
from projections.relay import LaneRelay, Pace, PipeAhead
from tests.fakes.faulty import Faults, Faulty
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_pipe import InMemoryPipe
from tests.projections.waiting import until
from tests.virtual_time import in_virtual_time


class AlwaysLeads:
    async def check(self) -> None:
        return None


async def note(lane: int, position: int) -> None:
    return None


async def fill(store: InMemoryEventStore, count: int) -> None:
    for _ in range(count):
        event = SessionOpened(user="ada", assistant="default")
        await store.append(
            [Envelope(stream=f"t/session/{new_id()}", version=1, at=datetime(2026, 1, 1, tzinfo=UTC), event=event)]
        )


async def lead_for_ever(store: Any, pipe: Any, stop: asyncio.Event, compare_s: float = 0.0) -> None:
    """What `Relay` does round `LaneRelay`, without the lock: so two of these are rivals by force."""
    while not stop.is_set():
        try:
            relay = LaneRelay(store, pipe, 0, note, Pace(compare_s=compare_s, linger_s=0))
            await relay.lead(AlwaysLeads(), stop)
        except (PipeMoved, DependencyUnavailable):
            await asyncio.sleep(0)


@asynccontextmanager
async def relaying(store: Any, pipe: Any, relays: int = 1) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(lead_for_ever(store, pipe, stop)) for _ in range(relays)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)


async def filled(pipe: InMemoryPipe, upto: int) -> list[int]:
    async def there() -> bool:
        return bool(pipe.kept.get(0)) and pipe.kept[0][-1].position == upto

    await until(there, f"position {upto} is in the pipe")
    return [event.position for event in pipe.kept[0]]


@pytest.mark.parametrize("relays", [1, 2])
@in_virtual_time
async def test_every_fact_once_and_in_order_whatever_acknowledgements_are_lost(relays: int) -> None:
    store, pipe = InMemoryEventStore(), InMemoryPipe(seed=3, lose_ack=0.1)
    await fill(store, 100)
    async with relaying(store, pipe, relays):
        await fill(store, 100)
        assert await filled(pipe, 200) == list(range(1, 201))


@in_virtual_time
async def test_a_stream_deleted_in_mid_way_is_filled_again() -> None:
    store, pipe = InMemoryEventStore(), InMemoryPipe()
    await fill(store, 50)
    async with relaying(store, pipe):
        await filled(pipe, 50)
        pipe.delete(0)
        await fill(store, 10)
        assert await filled(pipe, 60) == list(range(1, 61))


@in_virtual_time
async def test_an_emptied_stream_is_filled_again() -> None:
    store, pipe = InMemoryEventStore(), InMemoryPipe()
    await fill(store, 20)
    async with relaying(store, pipe):
        await filled(pipe, 20)
        pipe.kept[0].clear()
        assert await filled(pipe, 20) == list(range(1, 21))


@in_virtual_time
async def test_a_stream_that_lost_its_tail_gets_it_again() -> None:
    store, pipe = InMemoryEventStore(), InMemoryPipe()
    await fill(store, 30)
    async with relaying(store, pipe):
        await filled(pipe, 30)
        del pipe.kept[0][20:]
        pipe.sequence[0] = 20
        assert await filled(pipe, 30) == list(range(1, 31))


@in_virtual_time
async def test_a_pipe_that_was_away_has_everything_when_it_returns() -> None:
    store, pipe = InMemoryEventStore(), InMemoryPipe()
    pipe.away = True
    async with relaying(store, pipe):
        await fill(store, 30)
        pipe.away = False
        assert await filled(pipe, 30) == list(range(1, 31))


@in_virtual_time
async def test_a_store_that_was_set_back_stops_the_relay_and_nothing_is_published() -> None:
    store, pipe = InMemoryEventStore(), InMemoryPipe()
    await fill(store, 10)
    async with relaying(store, pipe):
        await filled(pipe, 10)
    del store.log[7:]
    await fill(store, 5)  # other facts have taken the places, and the log is longer than the pipe again
    published = len(pipe.published)
    with pytest.raises(PipeAhead):
        await LaneRelay(store, pipe, 0, note, Pace()).compare()
    assert len(pipe.published) == published


@in_virtual_time
async def test_facts_that_follow_each_other_closely_travel_together() -> None:
    store, pipe, stop = InMemoryEventStore(), Counting(), asyncio.Event()
    relay = LaneRelay(store, pipe, 0, note, Pace(linger_s=0.2))
    leading = asyncio.create_task(relay.lead(AlwaysLeads(), stop))
    for _ in range(20):
        await fill(store, 1)
        await asyncio.sleep(0)
    assert await filled(pipe, 20) == list(range(1, 21))
    assert pipe.batches < 5
    stop.set()
    await asyncio.wait_for(leading, 5)


class Counting(InMemoryPipe):
    """Counts publications."""

    batches = 0

    async def publish(self, lane: int, events: Sequence[Recorded], after: PipeEnd) -> PipeEnd:
        self.batches += 1
        return await super().publish(lane, events, after)


class Panic(BaseException):
    """What a library in another language raises."""


@pytest.mark.parametrize(
    "fault", [OSError(), KeyError(), asyncio.CancelledError(), Panic()], ids=lambda fault: type(fault).__name__
)
@in_virtual_time
async def test_a_lane_is_relayed_whole_whatever_is_raised_at_whichever_call(fault: BaseException) -> None:
    async def trial(faults: Faults) -> None:
        store, pipe = InMemoryEventStore(), InMemoryPipe()
        await fill(store, 3)

        async def lead(up: Up) -> None:
            relay = LaneRelay(Faulty(store, faults), Faulty(pipe, faults), 0, note, Pace(compare_s=0, linger_s=0))
            await relay.lead(AlwaysLeads(), loops.stop, up)

        async with asyncio.timeout(10), Loops(backoff_s=(0.0,)) as loops:
            loops.keep("relay_0", lead)
            assert await filled(pipe, 3) == [1, 2, 3]
            while not (faults.at < 0 or faults.raised):  # noqa: ASYNC110
                await asyncio.sleep(0)
            await fill(store, 1)
            assert await filled(pipe, 4) == [1, 2, 3, 4]

    counting = Faults()
    await trial(counting)
    await asyncio.gather(*(trial(Faults(number, fault)) for number in range(len(counting.calls))))
