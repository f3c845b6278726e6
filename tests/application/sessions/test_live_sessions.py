"""The sessions that a process holds take no more memory than they may, whoever opens them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from application.clock import new_id
from application.execute import SESSION, Context, LoadedAggregate
from application.sessions import feed_frames as f
from application.sessions.live_session import SNAPSHOT_EVERY, LiveSession, LiveSessions
from domain.event import Event, StreamId
from domain.refusals import Overloaded
from domain.session import events as e
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.small_ports import NoTail

TENANT = "01977c9e-1111-7000-8000-000000000001"
SIZE = 1_000_000


def always(facts: tuple[Event, ...]) -> Callable[[object], tuple[Event, ...]]:
    """A decision that does not look at the state."""
    return lambda _: facts


async def talk(live: LiveSession, turns: int = 1, answer: str = "x" * 20_000) -> None:
    """So many long turns."""
    for _ in range(turns):
        id = new_id()
        facts = (
            e.TurnStarted(turn_id=id, client_id=id, text="asked"),
            e.TurnCompleted(turn_id=id, text=answer),
        )
        await live.commit(always(facts), Context("ada"))
        live.feed.put(f.Created(turn_id=id, client_id=id))
        live.feed.put(f.Delta(turn_id=id, delta=answer))


async def opened(sessions: LiveSessions, *, watched: bool = False) -> LiveSession:
    live = sessions.new(StreamId(TENANT, "session", new_id()))
    live.watchers += watched
    await live.commit(lambda _: [e.SessionOpened(user="ada", assistant="default")], Context("ada"))
    return live


async def test_idle_sessions_go_when_all_are_too_large_and_come_back() -> None:
    sessions = LiveSessions(InMemoryEventStore(), NoTail(), max_bytes=SIZE)
    lives = []
    for _ in range(40):
        lives.append(await opened(sessions))
        await talk(lives[-1])
        await sessions.mirror()
        await sessions.mirror()
        assert sessions.size <= SIZE
    assert len(sessions.held()) < 30
    again = await sessions.get(lives[0].id)
    assert again is not lives[0] and again.state.turns[0].answer == "x" * 20_000


async def test_watched_sessions_tell_less_of_their_past_before_anybody_is_refused() -> None:
    sessions = LiveSessions(InMemoryEventStore(), NoTail(), max_bytes=SIZE)
    watched = [await opened(sessions, watched=True) for _ in range(3)]
    for live in watched:
        await talk(live, 5)
    await sessions.sweep()
    assert sessions.size <= SIZE and len(sessions.held()) == 3
    assert all(len(live.feed.since(live.feed.floor)) >= 2 for live in watched)


async def test_nobody_opens_another_when_those_that_are_watched_fill_the_memory() -> None:
    sessions = LiveSessions(InMemoryEventStore(), NoTail(), max_bytes=SIZE)
    watched = [await opened(sessions, watched=True) for _ in range(3)]
    for live in watched:
        await talk(live, 20)
    await sessions.sweep()
    with pytest.raises(Overloaded):
        await opened(sessions)
    with pytest.raises(Overloaded):
        await sessions.get((await elsewhere(sessions)).id)
    assert len(sessions.held()) == 3
    for live in watched:
        live.watchers = 0
    assert (await opened(sessions)).held.version == 1


async def elsewhere(sessions: LiveSessions) -> LiveSession:
    """A session that another process holds."""
    live = await opened(LiveSessions(sessions._store, NoTail()))
    await talk(live)
    return live


async def test_the_size_is_that_of_what_is_held() -> None:
    sessions = LiveSessions(InMemoryEventStore(), NoTail())
    lives = [await opened(sessions) for _ in range(5)]
    for live in lives:
        await talk(live, 3)
    await sessions.sweep()
    assert sessions.size == sum(live.size for live in lives)
    for live in lives:
        sessions.forget(live.id)
    assert sessions.size == 0


async def test_memory_stays_flat_over_many_long_sessions() -> None:
    """What is counted is what is used, more or less: the store's own share is left out."""
    tracemalloc.start()
    try:
        sessions = LiveSessions(InMemoryEventStore(), NoTail(), max_bytes=4 * SIZE)
        used = []
        for number in range(400):
            live = await opened(sessions)
            await talk(live, 1, answer=chr(97 + number % 26) * 40_000 + str(number))
            await sessions.mirror()
            sessions._store.log.clear()  # type: ignore[attr-defined]
            used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert used[-1] < 3 * 4 * SIZE and used[-1] < used[150] * 1.5


class Pinned(Event, frozen=True, kw_only=True):
    """A fact of a newer program."""

    TOPIC = "session.pinned.9"


async def test_a_session_of_which_a_newer_program_told_something_leaves_no_snapshot() -> None:
    store = InMemoryEventStore()
    live = await opened(LiveSessions(store, NoTail()))
    many = always((e.CacheMissed(turn_id="t"),) * SNAPSHOT_EVERY)
    await live.commit(many, Context("ada"))
    await live.snapshot()
    kept = store.snapshots[str(live.id)]
    assert kept.version == live.held.version
    newer = LoadedAggregate(store, str(live.id), SESSION)
    await newer.catch_up()
    await newer.append([Pinned()], Context("ada"))
    await live.commit(many, Context("ada"))
    await live.snapshot()
    assert live.state.partly and store.snapshots[str(live.id)] is kept
