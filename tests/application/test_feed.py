"""The feed: exact text for every cursor, merged when it lags, resumed after a crash."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from application import frames as f
from application.feed import Feed


def filled(texts: list[str], feed: Feed | None = None) -> Feed:
    feed = feed or Feed("s", 3)
    feed.put(f.Created(turn_id="t", client_id="c"))
    for text in texts:
        feed.put(f.Delta(turn_id="t", delta=text))
    return feed


def text_of(frames: list[f.Frame]) -> str:
    return "".join(frame.delta for frame in frames if isinstance(frame, f.Delta))


def test_a_lagging_cursor_gets_one_merged_delta_with_the_last_seq() -> None:
    feed = filled(["a", "b", "c"])
    (delta,) = feed.since(feed.floor + 1)
    assert isinstance(delta, f.Delta)
    assert (delta.delta, delta.seq) == ("abc", feed.seq)


@given(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=30), st.data())
def test_any_way_of_pulling_gives_the_same_text(texts: list[str], data: st.DataObject) -> None:
    feed = filled(texts)
    for cursor in range(feed.floor + 1, feed.seq + 1):
        assert text_of(feed.since(cursor)) == "".join(texts[cursor - feed.floor - 1 :])


def test_other_frames_are_never_merged_and_keep_their_order() -> None:
    feed = filled(["a"])
    feed.put(f.Reset(turn_id="t", reason="resumed"))
    feed.put(f.Delta(turn_id="t", delta="b"))
    assert [type(frame).__name__ for frame in feed.since(feed.floor)] == ["Created", "Delta", "Reset", "Delta"]


@given(st.lists(st.text(min_size=1, max_size=3), min_size=2, max_size=20), st.integers(0, 19))
def test_what_an_earlier_process_left_is_replayed_from_any_cursor(texts: list[str], flushed: int) -> None:
    before = Feed("s", 3)
    before.put(f.Created(turn_id="t", client_id="c"))
    tail: list[bytes] = []
    for number, text in enumerate(texts):
        before.put(f.Delta(turn_id="t", delta=text))
        if number == flushed:
            tail += before.unmirrored()
    tail += before.unmirrored()
    after = Feed("s", 4)
    after.restore(tail)
    assert after.floor == before.floor
    for cursor in range(before.floor, before.seq + 1):
        assert text_of(after.since(cursor)) == text_of(before.since(cursor))
    after.put(f.Reset(turn_id="t", reason="resumed"))
    assert after.since(before.seq)[-1].seq > before.seq


def test_only_the_latest_turns_are_kept_and_the_floor_rises() -> None:
    feed = Feed("s", 1)
    for number in range(60):
        feed.put(f.Created(turn_id=str(number), client_id="c"))
        feed.put(f.Delta(turn_id=str(number), delta="x"))
    assert feed.floor > 1 << 20
    assert len(feed.since(feed.floor)) == 100


async def test_a_cursor_below_an_empty_feeds_first_seq_waits_for_a_frame() -> None:
    """A process that takes a session over begins above every seq, with nothing to show yet: not a busy loop."""
    feed = Feed("s", 5)
    waiting = asyncio.create_task(feed.news(feed.seq - 1_000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    feed.put(f.Reset(turn_id="t", reason="resumed"))
    await asyncio.wait_for(waiting, 1)


async def test_a_waiting_reader_is_woken() -> None:
    feed = Feed("s", 1)
    waiting = asyncio.create_task(feed.news(feed.seq))
    await asyncio.sleep(0)
    feed.put(f.Delta(turn_id="t", delta="x"))
    await asyncio.wait_for(waiting, 1)
