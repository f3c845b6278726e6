"""What the feeds say is kept outside the process: at once while they are few, within four calls when they are many."""

from __future__ import annotations

from application.clock import new_id
from application.sessions.feed_frames import Delta
from application.sessions.live_session import MIRRORED, LiveSession, LiveSessions
from domain.event import StreamId
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_feed_tail import InMemoryFeedTail


def speaking(sessions: LiveSessions, count: int) -> list[LiveSession]:
    """So many sessions, in each of which something was said."""
    lives = [sessions.new(StreamId("tenant", "session", new_id())) for _ in range(count)]
    for live in lives:
        live.feed.put(Delta(turn_id="t", delta="said"))
    return lives


async def test_few_feeds_are_kept_at_once_and_once() -> None:
    tail = InMemoryFeedTail()
    sessions = LiveSessions(InMemoryEventStore(), tail)
    lives = speaking(sessions, MIRRORED)
    await sessions.mirror()
    await sessions.mirror()
    assert [set(push) for push in tail.pushes] == [{str(live.id) for live in lives}]


async def test_of_many_feeds_each_is_kept_with_every_fourth_call() -> None:
    tail = InMemoryFeedTail()
    sessions = LiveSessions(InMemoryEventStore(), tail)
    lives = speaking(sessions, 10 * MIRRORED)
    for _ in range(2):
        tail.pushes.clear()
        for _ in range(4):
            for live in lives:
                live.feed.put(Delta(turn_id="t", delta="more"))
            await sessions.mirror()
        assert [len(push) for push in tail.pushes] == [len(lives) // 4] * 4
        assert set().union(*tail.pushes) == {str(live.id) for live in lives}


async def test_a_push_is_bounded_in_bytes() -> None:
    tail = InMemoryFeedTail()
    sessions = LiveSessions(InMemoryEventStore(), tail)
    lives = speaking(sessions, 20)
    for live in lives:
        for _ in range(10):
            live.feed.put(Delta(turn_id="t", delta="x" * 100_000))
    calls = 0
    while any(live.feed.seq > live.feed.mirrored for live in lives):
        await sessions.mirror()
        calls += 1
    assert calls == 3 and set().union(*tail.pushes) == {str(live.id) for live in lives}
