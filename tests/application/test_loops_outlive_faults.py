"""Each loop of the program goes on whatever its dependencies raise, at whichever of its calls to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from application.clock import new_id
from application.documents.ingest_worker import IngestWorker
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession, LiveSessions
from application.tasks import Loops, ended
from application.turns.recover_turns import RecoverTurns
from domain.event import StreamId
from tests.application.documents.harness import EDITOR
from tests.application.documents.harness import House as Documents
from tests.application.turns.harness import House, house, member
from tests.fakes.faulty import Faults, Faulty
from tests.fakes.held_store import HeldStore
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_leases import InMemoryLeases
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.scripted_model import Reply
from tests.fakes.small_ports import NoTail

ASK = "How long may coffee be returned?"


class Panic(BaseException):
    """What a library in another language raises."""


FAULTS = [OSError("away"), KeyError("bug"), asyncio.CancelledError(), Panic()]
each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
Trial = Callable[[Faults], Awaitable[None]]


async def at_each_call(trial: Trial, fault: BaseException) -> None:
    """The trial comes to its end with no fault, and with one at each of the calls that it makes then."""
    counting = Faults()
    await trial(counting)
    assert counting.calls
    for number in range(len(counting.calls)):
        faults = Faults(number, fault)
        async with asyncio.timeout(10):
            await trial(faults)
        assert faults.raised, f"call {number}, {counting.calls[number]}"


async def abandoned(ours: House, elsewhere: House) -> LiveSession:
    """A session whose turn runs in another process, which falls silent."""
    live = await elsewhere.open()
    await elsewhere.create(member(live.state.user), live, client_id=new_id(), text=ASK)
    await elsewhere.turns.runner.end(5)
    ours.store.expired.add(str(live.id))
    return live


def recovering(ours: House, faults: Faults) -> tuple[RecoverTurns, LiveSessions]:
    """This process's side of recovery, behind faults."""
    sessions = LiveSessions(Faulty(ours.store, faults), Faulty(NoTail(), faults))
    recover = RecoverTurns(
        leases=Faulty(InMemoryLeases(ours.store), faults), sessions=sessions, permits=ours.turns.gate.permits,
        prepare=ours.turns.prepare, turns=ours.turns.runner, users=users_on(ours.sealer, ours.store),
        sealer=Faulty(ours.sealer, faults), process="here",
    )  # fmt: skip
    return recover, sessions


async def status_of(store: InMemoryEventStore, live: LiveSession) -> str:
    found = LiveSession(store, live.id, live.tasks)
    await found.refresh()
    return found.state.turns[-1].status


@each_fault
async def test_recovery(fault: BaseException) -> None:
    async def trial(faults: Faults) -> None:
        store = HeldStore()
        async with house(store=store) as ours, house(Reply(gate=asyncio.Event()), store=store) as elsewhere:
            live = await abandoned(ours, elsewhere)
            recover, sessions = recovering(ours, faults)

            async def round() -> None:
                if not any(held.run for held in sessions.held()):
                    store.expired.add(str(live.id))  # the lease that a failed take-over left has run out
                await recover()

            async with Loops(backoff_s=(0.0,)) as loops:
                loops.every("recovery", 0.0, round)
                loops.every("lease_renewal", 0.0, recover.renew)
                while await status_of(store, live) == "running":  # noqa: ASYNC110
                    await asyncio.sleep(0)
            await ours.turns.runner.join(5)

    await at_each_call(trial, fault)


@each_fault
async def test_a_session_that_cannot_be_loaded_keeps_no_other_from_being_recovered(fault: BaseException) -> None:
    store = HeldStore()
    async with house(store=store) as ours, house(Reply(gate=asyncio.Event()), store=store) as elsewhere:
        bad, good = await abandoned(ours, elsewhere), await abandoned(ours, elsewhere)
        recover, _ = recovering(ours, Faults(fault=fault, spoiled=("slices", str(bad.id))))
        before = ended["turn_takeover"]
        async with asyncio.timeout(10):
            await recover()
            await ours.turns.runner.join(5)
        assert (await status_of(store, bad), await status_of(store, good)) == ("running", "completed")
        assert ended["turn_takeover"] == before + 1


@each_fault
async def test_mirror_of_feeds(fault: BaseException) -> None:
    async def trial(faults: Faults) -> None:
        tail, kept = NoTail(), asyncio.Event()

        class Tail(NoTail):
            async def push(self, frames: Any) -> None:
                kept.set()

        sessions = LiveSessions(InMemoryEventStore(), Faulty(Tail(), faults))
        live = sessions.new(StreamId("t", "session", new_id()))
        async with Loops(backoff_s=(0.0,)) as loops:
            loops.every("feed_mirror", 0.0, sessions.mirror)
            while not (kept.is_set() and (faults.at < 0 or faults.raised)):
                live.feed.put(f.Delta(turn_id="t", delta="said"))
                await asyncio.sleep(0)
        assert tail

    await at_each_call(trial, fault)


async def indexed(documents: Documents, id: str) -> bool:
    row = await documents.corpus.fetch(EDITOR.tenant, id)
    return row is not None and row.status == "indexed"


@each_fault
async def test_ingestion(fault: BaseException) -> None:
    async def trial(faults: Faults) -> None:
        documents = Documents()
        first = (await documents.add(EDITOR, "a.txt", b"The tide comes twice a day.")).document_id
        corpus = Faulty(documents.corpus, faults)
        index, stop = (
            IngestWorker(corpus, documents.read, documents.refresh, documents.learn, backoff_s=(0.0,)),
            asyncio.Event(),
        )
        running = asyncio.create_task(index.run(stop))
        while not (faults.at < 0 or faults.raised):  # noqa: ASYNC110
            await asyncio.sleep(0)
        second = (await documents.add(EDITOR, "b.txt", b"The moon pulls the sea.")).document_id
        for id in (first, second) if faults.at < 0 else (second,):
            while not await indexed(documents, id):  # noqa: ASYNC110
                await asyncio.sleep(0)
        stop.set()
        await running

    await at_each_call(trial, fault)
