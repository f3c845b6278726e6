"""A turn ends once and at once: whatever meets its last append, watchers see one end, the one that is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from application.budget.process_limits import Admission
from application.clock import new_id, now
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession
from application.sessions.resuming import cursor_after
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.drain import Drain
from domain.event import Envelope, Event
from domain.model_calls import TokensUsed
from domain.refusals import DependencyUnavailable, PayloadTooLarge, TurnNotFound
from domain.session import events as e
from tests.application.turns.harness import TENANT, House, frames_of, house, member, said
from tests.fakes.held_store import HeldStore
from tests.fakes.scripted_model import Reply
from tests.virtual_time import in_virtual_time

ASK = "How long may coffee be returned?"
ANSWER = Reply(("Within 30 days ", "of sale."))
TURN_S = 0.2
ENDS = (e.TurnCompleted, e.TurnCancelled, e.TurnFailed)
Meeting = Callable[[House, LiveSession, str], Coroutine[Any, Any, object]]


async def deadline_passes(ours: House, live: LiveSession, turn: str) -> None:
    """The turn's deadline was set earlier on the same clock, so it has passed when this is over."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(TURN_S, passed.set)
    await passed.wait()


async def user_cancels(ours: House, live: LiveSession, turn: str) -> None:
    with pytest.raises(TurnNotFound):
        await CancelTurnHandler()(live, turn)


async def server_drains(ours: House, live: LiveSession, turn: str) -> None:
    await Drain(ours.sessions, Admission(turns=1, turns_per_tenant=1, requests_per_minute=1), ours.turns.runner)(0)


async def task_is_cancelled(ours: House, live: LiveSession, turn: str) -> None:
    await ours.turns.runner.tasks.end()


@asynccontextmanager
async def ending(*held: type[Event], reply: Reply = ANSWER) -> AsyncIterator[tuple[House, LiveSession, HeldStore, str]]:
    """A turn whose append of its end is under way."""
    store = HeldStore(*held or (e.TurnCompleted,))
    async with asyncio.timeout(20), house(reply, store=store, turn_s=TURN_S) as ours:
        live = await ours.open()
        turn, _ = await ours.create(member(live.state.user), live, client_id="c", text=ASK)
        await store.reached.wait()
        yield ours, live, store, turn.turn_id


async def settle(ours: House) -> None:
    for tasks in (ours.turns.runner.tasks, ours.sessions.tasks, ours.turns.runner.follow_up.tasks):
        await tasks.join(20)


async def one_end(ours: House, live: LiveSession) -> str:
    """The status of the one end that watchers saw and the store holds."""
    await settle(ours)
    (stored,) = await ours.facts(live, *ENDS)
    (shown,) = frames_of(live, f.Completed, f.Failed)
    assert live.state.running is None and live.run is None
    if isinstance(shown, f.Failed):
        assert isinstance(stored, e.TurnFailed) and shown.error["code"] == stored.code
        return stored.code
    assert not isinstance(stored, e.TurnFailed) and shown.text == stored.text == said(live)
    assert (shown.status == "completed") == isinstance(stored, e.TurnCompleted)
    return str(shown.status)


MEETINGS = [deadline_passes, user_cancels, server_drains, task_is_cancelled]
each_meeting = pytest.mark.parametrize("meets", MEETINGS, ids=lambda m: m.__name__)


@each_meeting
@in_virtual_time
async def test_what_meets_the_completing_append_waits_for_its_outcome(meets: Meeting) -> None:
    async with ending() as (ours, live, store, turn):
        meeting = asyncio.create_task(meets(ours, live, turn))
        if meets is deadline_passes:
            await meeting
        await asyncio.sleep(0)
        store.go.set()
        await meeting
        assert await one_end(ours, live) == "completed"


@each_meeting
@in_virtual_time
async def test_an_end_that_is_not_stored_at_first_is_stored_all_the_same(meets: Meeting) -> None:
    async with ending() as (ours, live, store, turn):
        store.failures.append(DependencyUnavailable())
        meeting = asyncio.create_task(meets(ours, live, turn))
        if meets is deadline_passes:
            await meeting
        store.go.set()
        await meeting
        assert await one_end(ours, live) == "completed"


@each_meeting
@in_virtual_time
async def test_an_end_whose_append_said_nothing_is_found_stored(meets: Meeting) -> None:
    async with ending() as (ours, live, store, turn):
        store.losses.append(DependencyUnavailable())
        store.go.set()
        await meets(ours, live, turn)
        assert await one_end(ours, live) == "completed"
        used = [fact.call_id for fact in await ours.facts(live, TokensUsed) if isinstance(fact, TokensUsed)]
        assert len(used) == len(set(used))


@in_virtual_time
async def test_an_answer_that_can_never_be_stored_fails() -> None:
    async with ending() as (ours, live, store, _):
        store.failures.append(PayloadTooLarge())
        store.go.set()
        assert await one_end(ours, live) == "payload_too_large"


@in_virtual_time
async def test_a_cancel_that_is_not_stored_at_first_leaves_no_hole_in_the_text() -> None:
    gate = asyncio.Event()
    store = HeldStore(e.TurnCancelled)
    async with asyncio.timeout(20), house(Reply(("Within ", "30 days."), gate=gate), store=store) as ours:
        live = await ours.open()
        turn, _ = await ours.create(member(live.state.user), live, client_id="c", text=ASK)
        while said(live) != "Within 30 days.":
            await live.feed.news(live.feed.seq)
        store.failures.append(DependencyUnavailable())
        cancelling = asyncio.create_task(CancelTurnHandler()(live, turn.turn_id))
        await store.reached.wait()
        gate.set()
        store.go.set()
        await cancelling
        assert await one_end(ours, live) == "cancelled"


@in_virtual_time
async def test_the_end_that_another_process_stored_is_the_one_that_is_shown() -> None:
    async with ending() as (ours, live, store, turn):
        version = (await store.load(str(live.id)))[-1].version + 1
        other = e.TurnFailed(turn_id=turn, code="internal", message="Elsewhere.", retryable=True, text="Else")
        beside = HeldStore(beside=store)
        beside.go.set()
        await beside.append([Envelope(stream=str(live.id), version=version, at=now(), event=other)])
        store.go.set()
        assert await one_end(ours, live) == "internal"
        assert said(live) == "Else"


@in_virtual_time
async def test_a_turn_that_another_process_runs_now_is_not_ended_here() -> None:
    async with ending() as (ours, live, store, turn):
        version = (await store.load(str(live.id)))[-1].version + 1
        resumed = Envelope(
            stream=str(live.id), version=version, at=now(), event=e.TurnResumed(turn_id=turn, by="other")
        )
        beside = HeldStore(beside=store)
        beside.go.set()
        await beside.append([resumed])
        store.go.set()
        await settle(ours)
        assert not await ours.facts(live, *ENDS) and not frames_of(live, f.Completed, f.Failed)


@in_virtual_time
async def test_a_turn_runs_although_its_client_left_while_it_was_stored() -> None:
    store = HeldStore(e.TurnStarted)
    async with asyncio.timeout(20), house(ANSWER, store=store) as ours:
        live = await ours.open()
        asking = asyncio.create_task(ours.create(member(live.state.user), live, client_id=new_id(), text=ASK))
        await store.reached.wait()
        asking.cancel()
        await asyncio.wait([asking])
        store.go.set()
        await ours.sessions.tasks.join(20)
        assert await one_end(ours, live) == "completed"
        assert not ours.turns.gate.admission.running[TENANT]


@in_virtual_time
async def test_facts_of_an_append_that_its_caller_left_are_stored_once() -> None:
    store = HeldStore(e.StepRun)
    async with asyncio.timeout(20), house(ANSWER, store=store, turn_s=TURN_S) as ours:
        live = await ours.open()
        await ours.create(member(live.state.user), live, client_id="c", text=ASK)
        await store.reached.wait()
        await ours.turns.runner.tasks.end(0.1)
        store.go.set()
        await settle(ours)
        steps = [fact.step for fact in await ours.facts(live, e.StepRun) if isinstance(fact, e.StepRun)]
        used = [fact.call_id for fact in await ours.facts(live, TokensUsed) if isinstance(fact, TokensUsed)]
        assert len(steps) == len(set(steps)) and len(used) == len(set(used))


@in_virtual_time
async def test_an_end_that_somebody_else_read_in_the_store_is_shown_once() -> None:
    """It is stored, but the answer was lost; before it is tried again a client comes back and is told it."""
    async with ending() as (ours, live, store, _):
        store.losses.append(DependencyUnavailable())
        store.go.set()
        await asyncio.sleep(0.1)
        assert live.state.running is not None, "nothing is known of it here yet"
        live.run = None  # as when what followed its answer has ended meanwhile
        await live.refresh()
        assert cursor_after(live, None) == live.feed.seq and isinstance(frames_of(live)[-1], f.Completed)
        assert await one_end(ours, live) == "completed"
