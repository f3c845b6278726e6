"""What a process that loads a session takes from its tail: all of the latest turn, or nothing."""

from __future__ import annotations

import pytest

from application.clock import new_id
from application.execute import Context
from application.sessions import feed_frames as f
from application.sessions.feed import Feed
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.resuming import knows
from domain.event import Event, StreamId
from domain.session import events as e
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_feed_tail import InMemoryFeedTail


class Chat:
    """A session in one process, whose frames go to a tail; `elsewhere` loads it as the next process does."""

    def __init__(self) -> None:
        self.store, self.tail = InMemoryEventStore(), InMemoryFeedTail()
        self.sessions = LiveSessions(self.store, self.tail)
        self.live = self.sessions.new(StreamId("tenant", "session", new_id()))

    async def say(self, event: Event, *frames: f.Frame) -> None:
        await self.live.commit(lambda _: [event], Context("ada"))
        for frame in frames:
            frame.turn_id = "two" if "two" in str(event) else "one"
            self.live.feed.put(frame)
        await self.sessions.mirror()

    async def begin(self, turn: str) -> None:
        started = e.TurnStarted(turn_id=turn, client_id=turn, text="?")
        await self.say(started, f.Created(client_id=turn), f.Delta(delta=f"{turn}!"))

    async def end(self, turn: str) -> None:
        failed = e.TurnFailed(turn_id=turn, code="internal", message="", retryable=True)
        await self.say(failed, f.Failed(error={}))

    async def elsewhere(self) -> LiveSession:
        return await LiveSessions(self.store, self.tail).get(self.live.id)


@pytest.fixture
async def chat() -> Chat:
    chat = Chat()
    await chat.say(e.SessionOpened(user="ada", assistant="default"))
    await chat.begin("one")
    await chat.end("one")
    return chat


def said(feed: Feed) -> list[str]:
    return [frame.delta for frame in feed.since(feed.floor) if isinstance(frame, f.Delta)]


async def test_the_latest_turn_is_there_whole(chat: Chat) -> None:
    live = await chat.elsewhere()
    assert (said(live.feed), live.feed.floor) == (["one!"], chat.live.feed.floor)
    await chat.begin("two")
    await chat.end("two")
    assert said((await chat.elsewhere()).feed) == ["one!", "two!"]


async def test_a_tail_that_ends_before_the_latest_turn_does_is_no_tail(chat: Chat) -> None:
    """Put back as it was a turn ago: whoever went on by it would wait for ever."""
    key, old = str(chat.live.id), list(chat.tail.kept[str(chat.live.id)])
    await chat.begin("two")
    await chat.end("two")
    chat.tail.kept[key] = old
    feed = (await chat.elsewhere()).feed
    assert (said(feed), feed.floor) == ([], feed.seq)


async def test_a_turn_whose_end_its_tail_has_not_ends_as_it_is_stored(chat: Chat) -> None:
    """Its process was killed between the two. Whatever a client saw of it, it is told all of it again."""
    await chat.begin("two")
    await chat.end("two")
    chat.tail.kept[str(chat.live.id)].pop()
    live = await chat.elsewhere()
    seen = live.feed.since(chat.live.feed.seq)
    assert [type(frame).__name__ for frame in seen] == ["Reset", "Failed"]
    assert knows(live, chat.live.feed.seq) and chat.live.feed.seq < seen[0].seq
    await chat.sessions.mirror()
    assert not live.feed.unmirrored(), "what is told again is no news for the tail"


async def test_a_running_turn_without_its_frames_goes_on_from_any_cursor(chat: Chat) -> None:
    old = list(chat.tail.kept[str(chat.live.id)])
    await chat.begin("two")
    assert said((await chat.elsewhere()).feed) == ["one!", "two!"]
    chat.tail.kept[str(chat.live.id)] = old
    feed = (await chat.elsewhere()).feed
    assert (said(feed), feed.floor) == ([], 0)
