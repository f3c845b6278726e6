"""The conversation so far fits its budget, and begins where it began before for as long as it can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from application.plan.history import goes_on, history_messages
from application.ports.models.model import Message
from domain.session.long_past import LongPast
from domain.session.state import Session, Turn

BUDGET = 1_000


def turn(number: int, *, words: int = 40, status: str = "completed", ms: int = 1_500) -> Turn:
    text = f"{number} " + "word " * words
    id = f"{number * 60_000:012x}-7000-8000-000000000000"
    return Turn(
        turn_id=f"{id[:8]}-{id[8:]}",
        client_id=f"c{number}",
        text=text,
        answer=text if status == "completed" else "",
        status=status,  # type: ignore[arg-type]
        ms=ms,
    )


def session(turns: int, **more: object) -> Session:
    return Session(latest=tuple(turn(n) for n in range(turns)), **more)  # type: ignore[arg-type]


def test_a_short_conversation_is_told_whole() -> None:
    told = history_messages(session(3), BUDGET)
    assert [message.text.split()[0] for message in told] == ["0", "0", "1", "1", "2", "2"]
    assert history_messages(session(0), BUDGET) == []


def test_a_long_one_begins_anew_seldom_and_is_never_over_its_budget_nor_under_its_half() -> None:
    each = 2 * len(turn(100).text) // 4
    begins, same = set[str](), 0
    before: list[Message] = []
    for turns in range(1, 200):
        told = history_messages(session(turns), BUDGET)
        tokens = sum(len(message.text) // 4 for message in told)
        assert tokens <= BUDGET + 50 and (turns * each < BUDGET or tokens > BUDGET // 2 - each)
        same += told[: len(before)] == before
        begins.add(told[0].text)
        before = told
    assert len(begins) < 199 / 4, "a sliding window begins anew with each turn"
    assert same > 199 * 0.75, "what was told before is the beginning of what is told now"


def test_what_is_no_longer_known_does_not_make_the_window_slide() -> None:
    begins = set()
    for turns in range(60, 120):
        known = session(turns).latest
        forgotten = (replace(turn, text="", answer="", digest=b"d") for turn in known[: turns - 20])
        past = LongPast[Turn]().with_more(forgotten)
        told = history_messages(Session(long_past=past, latest=known[turns - 20 :]), 100 * BUDGET)
        begins.add(told[0].text)
    assert len(begins) <= 8


def test_turns_without_an_answer_are_left_out_and_what_was_summed_up_is_told_by_its_summary() -> None:
    turns = (turn(0), turn(1), turn(2, status="failed"), turn(3))
    told = history_messages(Session(latest=turns, summary="They met.", summary_through=turns[0].turn_id), BUDGET)
    assert "They met." in str(told[0]) and [message.text.split()[0] for message in told[2:]] == ["1", "1", "3", "3"]


@pytest.mark.parametrize(("after_s", "expected"), [(1, True), (299, True), (301, False)])
def test_a_conversation_goes_on_while_the_provider_keeps_its_beginning(after_s: int, expected: bool) -> None:
    talked = session(3)
    ended = datetime.fromtimestamp(2 * 60 + 1.5, UTC)
    assert goes_on(talked, ended + timedelta(seconds=after_s), 300) is expected
    assert not goes_on(session(0), ended, 300)
