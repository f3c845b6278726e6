"""The feed: exact text for every cursor, merged when it lags, resumed after a crash."""

import asyncio
from random import Random  # hypothesis' own

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from application.ports.sessions.feed_tail import TailPiece
from application.sessions import feed_frames as f
from application.sessions.feed import FEED_BYTES, SEQ_BITS, Feed, start_of
from application.sessions.shared_feed import SharedFeed, behind_end, conclude
from domain.session.state import Session, Turn


def filled(texts: list[str], feed: Feed | None = None) -> Feed:
    feed = feed or Feed("s", 3)
    feed.put(f.Created(turn_id="t", client_id="c"))
    for text in texts:
        feed.put(f.Delta(turn_id="t", delta=text))
    return feed


def news_of(feed: Feed) -> list[TailPiece]:
    piece = feed.unmirrored()
    return [piece] if piece else []


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
    tail: list[TailPiece] = []
    for number, text in enumerate(texts):
        before.put(f.Delta(turn_id="t", delta=text))
        if number == flushed:
            tail += news_of(before)
    tail += news_of(before)
    after = Feed("s", 4)
    after.restore(tail)
    assert after.floor == before.floor
    for cursor in range(before.floor, before.seq + 1):
        assert text_of(after.since(cursor)) == text_of(before.since(cursor))
    after.put(f.Reset(turn_id="t", reason="resumed"))
    assert after.since(before.seq)[-1].seq > before.seq


def pieces_of(feed: Feed, texts: list[str]) -> list[TailPiece]:
    """A piece for the beginning of a turn and for each text."""
    feed.put(f.Created(turn_id="t", client_id="c"))
    pieces = news_of(feed)
    for text in texts:
        feed.put(f.Delta(turn_id="t", delta=text))
        pieces += news_of(feed)
    return pieces


@given(st.integers(1, 8), st.lists(st.integers(0, 8), max_size=20), st.randoms())
def test_a_tail_with_holes_and_repetitions_gives_whole_text_or_none(
    count: int, chosen: list[int], random: Random
) -> None:
    """Whatever is lost, repeated or out of order: from any cursor that the feed accepts the text has no hole."""
    texts = [str(number) for number in range(count)]
    before = Feed("s", 3)
    whole = pieces_of(before, texts)
    tail = [whole[number % len(whole)] for number in chosen]
    random.shuffle(tail)
    after = Feed("s", 4)
    after.restore(tail)
    latest = max((piece.last for piece in tail), default=after.seq)
    for cursor in range(before.floor, latest + 1):
        if after.floor <= cursor:
            said = [text for n, text in enumerate(texts, before.floor + 2) if cursor < n <= latest]
            assert text_of(after.since(cursor)) == "".join(said)


def test_the_tail_of_one_process_goes_on_with_that_of_the_next() -> None:
    first = Feed("s", 3)
    tail = pieces_of(first, ["a"])
    second = Feed("s", 5)
    second.restore(tail)
    tail += pieces_of(second, ["b"])
    third = Feed("s", 7)
    third.restore(tail)
    assert text_of(third.since(first.floor)) == "ab"
    alone = Feed("s", 7)
    alone.restore(tail[-1:])
    assert (text_of(alone.since(alone.floor)), alone.floor > first.seq) == ("b", True)


def test_a_frame_that_only_a_newer_program_knows_is_no_tail() -> None:
    feed = Feed("s", 4)
    unknown = msgspec.msgpack.encode([["StoredFrame", 1 + (3 << 20), b'{"type":"turn.newer"}']])
    feed.restore([TailPiece(3 << 20, 1 + (3 << 20), unknown), TailPiece(1, 2, b"\xc1")])
    assert (feed.since(0), feed.floor) == ([], feed.seq)


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


def long_turn(feed: Feed, turn: str, pieces: int) -> None:
    feed.put(f.Created(turn_id=turn, client_id="c"))
    for _ in range(pieces):
        feed.put(f.Delta(turn_id=turn, delta="x" * 1_000))


def test_a_feed_is_bounded_in_bytes_and_its_latest_turn_whole() -> None:
    feed = Feed("s", 3)
    sizes = []
    for turn in range(40):
        long_turn(feed, f"t{turn}", 200)
        sizes.append(feed.size)
    assert max(sizes) <= FEED_BYTES
    assert len(text_of(feed.since(start_of(feed, "t39")))) == 200_000
    long_turn(feed, "longest", 4_000)
    assert feed.size > FEED_BYTES and len(text_of(feed.since(feed.floor))) == 4_000_000
    feed.put(f.Created(turn_id="next", client_id="c"))
    assert feed.size < 1_000 and [type(frame) for frame in feed.since(feed.floor)] == [f.Created]


def test_the_size_of_a_feed_is_that_of_what_is_in_it() -> None:
    feed = Feed("s", 3)
    for turn in range(60):  # more than are kept
        long_turn(feed, f"t{turn}", 3)
    again = Feed("s", 3)
    for turn in range(10, 60):
        long_turn(again, f"t{turn}", 3)
    assert abs(feed.size - again.size) < 1_000
    feed.let_go()
    assert len(feed.since(feed.floor)) == 2


def test_a_restored_feed_is_bounded_as_well() -> None:
    before = Feed("s", 3)
    tail: list[TailPiece] = []
    for turn in range(9):
        long_turn(before, f"t{turn}", 200)
        tail += news_of(before)
    after = Feed("s", 9)
    after.restore(tail)
    assert 0 < after.size <= FEED_BYTES
    assert text_of(after.since(start_of(before, "t8"))) == text_of(before.since(start_of(before, "t8")))


def test_a_turn_that_was_taken_over_is_seen_from_where_it_is_known() -> None:
    """Its beginning was told by a process of which nothing is left."""
    feed = Feed("s", 3)
    feed.put(f.Reset(turn_id="t", reason="resumed"))
    feed.put(f.Delta(turn_id="t", delta="all of it"))
    assert [type(frame) for frame in feed.since(start_of(feed, "t"))] == [f.Reset, f.Delta]
    assert start_of(feed, "unheard") == feed.seq


def test_who_rests_at_a_version_is_told_no_end_that_came_before_it() -> None:
    """One process has a turn's frames and rests at the version of now; another had none, told the end out of the store,
    and runs the next turn: whoever asks it from there on hears that one alone."""
    ended = Turn(turn_id="one", client_id="a", text="?", status="completed", answer="it")
    feed, rests = SharedFeed("s", 8), 8 << SEQ_BITS
    conclude(feed, Session(latest=(ended,)), 8)
    told = feed.seq
    assert [type(frame) for frame in feed.since(rests)] == [f.Created, f.Reset, f.Delta, f.Completed]
    both = Session(latest=(ended, Turn(turn_id="two", client_id="b", text="?")))
    assert behind_end(feed, both, rests) == told
    feed.begin(9, both.latest[-1])
    for seq, heard in ((rests, ["two"]), (7 << SEQ_BITS, ["one", "two"])):
        cursor = behind_end(feed, both, seq)
        assert cursor is not None and [*dict.fromkeys(frame.turn_id for frame in feed.since(cursor))] == heard
