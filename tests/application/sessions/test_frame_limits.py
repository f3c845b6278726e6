"""No server frame is larger than 256 KiB, whatever was asked, found and said."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.connections import client_frames as api
from api.http.turn_answers import history, repeat
from application.clock import new_id
from application.plan.citations import CitationReader, KeptCitations
from application.sessions import feed_frames as f
from application.sessions.frame_limits import (
    ANSWER_BYTES,
    CITATIONS_BYTES,
    MAX_FRAME,
    cut,
    json_size,
    text_size,
    within,
)
from domain.session import events as e
from domain.session.evolve import evolve
from domain.session.state import Session
from tests.application.turns.harness import frames_of, house, said
from tests.fakes.scripted_model import Reply

WIDEST = ["\x01", "\U0001f600", '"', "\\", "\n", "ü", "漢", "a"]
"""Characters whose JSON takes six bytes, four, two, ..."""
PASSAGES = tuple(
    e.Passage(
        passage_id=f"p{n}",
        document_id=new_id(),
        title="\U0001f600" * 300,
        text="\U0001f600" * 1_000,
        start=0,
        end=1_000,
        score=1.0,
    )
    for n in range(100)
)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_sizes_of_pieces_add_up(pieces: list[str]) -> None:
    assert sum(map(text_size, pieces)) == text_size("".join(pieces))


@given(st.text(alphabet=st.sampled_from(WIDEST)), st.integers(0, 200))
def test_a_text_is_cut_where_it_no_longer_fits(text: str, room: int) -> None:
    kept = cut(text, room)
    assert text.startswith(kept) and text_size(kept) <= room
    assert kept == text or text_size(text[: len(kept) + 1]) > room


@pytest.mark.parametrize("wide", WIDEST)
async def test_an_endless_answer_is_cut_and_its_deltas_are_its_text(wide: str) -> None:
    marks = "".join(f"[{n}]" for n in range(1, 101))
    endless = Reply((marks, *((wide * 1_000,) * 300)))
    async with house(endless, passages=PASSAGES) as ours:
        live = await ours.open()
        turn = await ours.ask(live, wide * 31_999 + "?")
        (done,) = frames_of(live, f.Completed)
        assert isinstance(done, f.Completed)
        assert (done.status, done.finish_reason) == ("completed", "length")
        assert said(live) == done.text == turn.answer
        assert ANSWER_BYTES - 6 < text_size(done.text) <= ANSWER_BYTES
        assert sum(map(json_size, done.citations)) <= CITATIONS_BYTES
        frames = [*frames_of(live), *repeat(live, turn, 0, live.feed.seq)]
        assert max(map(json_size, frames)) <= MAX_FRAME


def test_citations_are_bounded_together() -> None:
    reader = CitationReader(PASSAGES)
    text = "".join(f"[{n}]" for n in range(1, 101))
    new = reader.read(text)
    assert 10 < len(new) < 100 and new == list(reader.found.values())
    kept = KeptCitations([msgspec.structs.replace(new[0], n=n, quote="\U0001f600" * 1_000) for n in range(1, 101)])
    shown = kept.read(text)
    for found in (new, shown):
        assert sum(map(json_size, found)) <= CITATIONS_BYTES
    assert within(shown) == shown


def told(*turns: tuple[str, str]) -> Session:
    """A session in which this was asked and answered."""
    session = evolve(Session(), e.SessionOpened(user="ada", assistant="default"))
    for question, answer in turns:
        id = new_id()
        session = evolve(session, e.TurnStarted(turn_id=id, client_id="\U0001f600" * 200, text=question))
        session = evolve(session, e.TurnCompleted(turn_id=id, text=answer))
    return session


def opened(session: Session) -> tuple[list[str], str | None]:
    """The ids in `session.opened.history`, and where the rest is; the frame is looked at."""
    shown, older = history(session)
    frame = api.SessionWatched(
        seq=2**52, session_id=new_id(), at="2026-11-27T00:00:00.000000Z", assistant="a" * 64, history=shown,
        history_next=older, client_id="\U0001f600" * 200,
    )  # fmt: skip
    assert len(api.encode(frame)) <= MAX_FRAME
    return [msgspec.json.decode(turn)["turn_id"] for turn in shown], older


def test_history_is_the_last_fifty_turns() -> None:
    session = told(*[("q", "a")] * 120)
    ids = [turn.turn_id for turn in session.turns]
    assert opened(session) == (ids[-50:], f".{ids[-50]}")


def test_a_short_history_is_whole() -> None:
    session = told(*[("q", "a")] * 3)
    assert opened(session) == ([turn.turn_id for turn in session.turns], None)
    assert opened(told()) == ([], None)


@pytest.mark.parametrize("wide", WIDEST)
def test_history_of_long_turns_is_as_many_as_fit(wide: str) -> None:
    session = told(*[(wide * 10_000, wide * 10_000)] * 40)
    ids = [turn.turn_id for turn in session.turns]
    shown, older = opened(session)
    assert shown and shown == ids[-len(shown) :] and older == f".{shown[0]}"


def test_a_turn_that_fits_no_frame_is_read_at_turns() -> None:
    session = told(("q", "a"), ("\x01" * 32_000, "\x01" * 20_000))
    assert opened(session) == ([], ".")
