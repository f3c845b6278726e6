"""A read model is fed on whatever its dependencies raise, at whichever of its calls; what cannot be read alarms."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore
from application.clock import new_id
from application.ports.facts.event_store import Recorded
from application.tasks import Loops, Up
from domain.session import events as e
from projections import positions
from projections.leadership import leading
from projections.metrics import BLOCKED
from projections.places import PostgresPlaces
from projections.read_model import Effect, Unreadable
from projections.runner import Runner
from projections.transactions import Connection, writing
from tests.fakes.faulty import Faults, Faulty
from tests.fakes.in_memory_pipe import InMemoryPipe
from tests.projections.histories import ADA, Writer

pytestmark = pytest.mark.real


class Panic(BaseException):
    """What a library in another language raises."""


class Counted:
    """A read model that counts facts, and cannot read those of `spoilt`."""

    layout = 1

    def __init__(self) -> None:
        self.name, self.seen, self.news = f"counted_{new_id()}", list[int](), asyncio.Event()
        self.spoilt = ""

    async def resume(self, generation: int, lane: int) -> None:
        return None

    async def apply(self, generation: int, lane: int, facts: Sequence[Recorded]) -> Effect:
        if any(fact.stream == self.spoilt for fact in facts):
            raise Unreadable("spoilt")

        async def effect(connection: Connection) -> None:
            self.seen += [fact.position for fact in facts]
            self.news.set()

        return effect

    async def upto(self, position: int) -> None:
        while not self.seen or self.seen[-1] < position:
            self.news.clear()
            await self.news.wait()


async def following(store: Any, pipe: Any, pool: Pool, database: str, model: Counted) -> Loops:
    """A loop that feeds the model, whose generation is live."""
    async with writing(pool) as connection:
        generation = await positions.add_generation(connection, model.name, model.layout, 1)
        await positions.make_live(connection, model.name, generation)
    loops = Loops(backoff_s=(0.0,))
    runner = Runner(store, pipe, PostgresPlaces(pool), leading(database), model, 0, blocked_s=0.0)  # type: ignore[arg-type]  # it is only fed

    async def run(up: Up) -> None:
        await runner.run(loops.stop, up)

    loops.keep(model.name, run)
    return loops


@pytest.mark.parametrize(
    "fault", [OSError(), KeyError(), asyncio.CancelledError(), Panic()], ids=lambda fault: type(fault).__name__
)
async def test_a_read_model_is_fed_whatever_is_raised_at_whichever_call(
    store: PostgresEventStore, worker: Pool, tenant: str, database: str, fault: BaseException
) -> None:
    writer = Writer(store)

    async def trial(faults: Faults) -> None:
        model = Counted()
        await writer.append(f"{tenant}/session/{new_id()}", [e.SessionOpened(user=ADA, assistant="a")])
        log, pipe = Faulty(store, faults), Faulty(InMemoryPipe(), faults)
        await pipe.provision(0)
        loops = await following(log, pipe, worker, database, model)
        try:
            async with asyncio.timeout(20):
                await model.upto(await store.head(0))
                assert model.seen == sorted(set(model.seen)), "each once, in order"
        finally:
            await loops.close()

    counting = Faults()
    await trial(counting)
    for number in range(1, len(counting.calls)):
        await trial(Faults(number, fault))


async def test_what_must_not_be_skipped_stops_its_model_and_alarms_until_it_can_be_read(
    store: PostgresEventStore, worker: Pool, tenant: str, database: str
) -> None:
    model, other, writer, pipe = Counted(), Counted(), Writer(store), InMemoryPipe()
    model.spoilt = f"{tenant}/session/{new_id()}"
    await pipe.provision(0)
    await writer.append(model.spoilt, [e.SessionOpened(user=ADA, assistant="a")])
    head = await store.head(0)
    loops = [await following(store, pipe, worker, database, which) for which in (model, other)]
    try:
        async with asyncio.timeout(20):
            await other.upto(head)
            while not loops[0].down()[model.name]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert loops[0].down() == {model.name: "Unreadable"} and head not in model.seen
            assert BLOCKED.labels(model.name)._value.get() == 1
            assert not loops[1].down()[other.name]
            model.spoilt = ""
            await model.upto(head)
            while loops[0].down()[model.name]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert BLOCKED.labels(model.name)._value.get() == 0
    finally:
        for each in loops:
            await each.close()
