"""The rules of a session: given what happened, when something is asked, then facts or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import pytest

from domain.event import Event
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import EmptyPrompt, IdempotencyConflict, Refusal, SessionNotFound, TurnInProgress, TurnNotFound
from domain.session import events as e
from domain.session import rules
from domain.session.commands import CreateTurn, GiveFeedback, OpenSession, RenameSession
from domain.session.evolve import MOST_TURNS, evolve
from domain.session.long_past import PAGE, LongPast
from domain.session.state import Session, Turn, snapshot_of
from domain.usage import Usage

OPENED = e.SessionOpened(user="ann", assistant="default")
STARTED = e.TurnStarted(turn_id="t1", client_id="c1", text="hello")
COMPLETED = e.TurnCompleted(turn_id="t1", text="hi")
CALL = ModelCallStarted(call_id="k", step="answer", model="sonnet", user="ann", estimate=Usage(10, 20))


def given(*events: Event) -> Session:
    session = Session()
    for event in events:
        session = evolve(session, event)
    return session


def create(client_id: str = "c2", text: str = "again") -> Callable[[Session], Sequence[Event]]:
    return lambda session: rules.create_turn(session, CreateTurn(turn_id="t2", client_id=client_id, text=text))


def test_a_session_opens_once() -> None:
    command = OpenSession(user="ann")
    assert rules.open_session(given(), command) == [OPENED]
    assert rules.open_session(given(OPENED), command) == []


def test_a_turn_starts() -> None:
    assert create()(given(OPENED)) == [e.TurnStarted(turn_id="t2", client_id="c2", text="again")]


def test_a_repeated_id_makes_no_second_turn() -> None:
    assert create("c1", "hello")(given(OPENED, STARTED, COMPLETED)) == []


@pytest.mark.parametrize(
    ("events", "rule", "refusal"),
    [
        ([OPENED, STARTED], create(), TurnInProgress),
        ([OPENED, STARTED, COMPLETED], create("c1", "other"), IdempotencyConflict),
        ([OPENED], create(text=" \n"), EmptyPrompt),
        ([OPENED, e.SessionClosed()], create(), SessionNotFound),
        ([OPENED, e.SessionErased()], create(), SessionNotFound),
        ([OPENED, STARTED], lambda s: rules.give_feedback(s, GiveFeedback(turn_id="t1", rating="up")), TurnNotFound),
        ([OPENED], lambda s: rules.give_feedback(s, GiveFeedback(turn_id="no", rating="up")), TurnNotFound),
        ([], lambda s: rules.erase_session(s, "asked"), SessionNotFound),
        ([], lambda s: rules.rename_session(s, RenameSession(title="Tea")), SessionNotFound),
        ([OPENED, e.SessionErased()], lambda s: rules.rename_session(s, RenameSession(title="Tea")), SessionNotFound),
    ],
)
def test_what_is_refused(
    events: list[Event], rule: Callable[[Session], Sequence[Event]], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        rule(given(*events))


def test_a_title_that_its_user_chose_is_replaced_by_the_user_alone() -> None:
    found, chosen = e.SessionRenamed(title="found"), e.SessionRenamed(title="mine", chosen=True)
    assert rules.rename_session(given(OPENED, found), RenameSession(title="found")) == [
        e.SessionRenamed(title="found", chosen=True)
    ]
    assert rules.rename_session(given(OPENED, chosen), RenameSession(title="mine")) == []
    for facts, title in (
        ([found, chosen], "mine"),
        ([chosen, found], "mine"),
        ([chosen, e.SessionRenamed(title="mine too", chosen=True), found], "mine too"),
    ):
        assert given(OPENED, *facts).title == title
        kept = evolve(Session(), snapshot_of(given(OPENED, *facts)))
        assert evolve(kept, found).title == title, "a snapshot knows whose title it is"


def test_after_a_turn_ended_in_any_way_another_may_start() -> None:
    for end in (
        COMPLETED,
        e.TurnCancelled(turn_id="t1", text="h"),
        e.TurnFailed(turn_id="t1", code="internal", message="", retryable=True),
    ):
        assert create()(given(OPENED, STARTED, end))


def test_taking_a_turn_over_settles_its_open_calls_by_estimate_first() -> None:
    settled, resumed = rules.resume_turn(given(OPENED, STARTED, CALL), "p2")
    assert isinstance(settled, TokensUsed)
    assert (settled.call_id, settled.usage, settled.estimated) == ("k", Usage(10, 20), True)
    assert settled.cost_usd == Decimal("0.000363")
    assert resumed == e.TurnResumed(turn_id="t1", by="p2")
    assert rules.resume_turn(given(OPENED, STARTED, settled), "p2") == [resumed]


def test_results_of_steps_are_kept_while_the_turn_runs() -> None:
    step = e.StepRun(turn_id="t1", step="rewrite", result='{"question":"x"}')
    running = given(OPENED, STARTED, step).running
    assert running is not None
    assert running.results == {"rewrite": '{"question":"x"}'}
    ended = given(OPENED, STARTED, step, COMPLETED).turn("t1")
    assert ended is not None
    assert ended.results == {}


def test_erasure_forgets_what_was_said() -> None:
    session = given(OPENED, STARTED, COMPLETED, e.SessionErased())
    assert (session.turns, session.title, session.erased) == ((), "", True)


def test_a_turn_that_ended_before_endings_were_noted_says_what_is_known_of_it() -> None:
    stored = {"turn_id": "t", "text": "Within"}
    for noted, finish in (
        ({}, "stop"),
        ({"truncated": True}, "length"),
        ({"finish_reason": "incomplete"}, "incomplete"),
    ):
        body = msgspec.msgpack.encode(stored | noted)
        assert msgspec.msgpack.decode(body, type=e.TurnCompleted).finish == finish


def long_session(turns: int, text: str = "asked", answer: str = "said") -> list[Event]:
    facts: list[Event] = [OPENED]
    for n in range(turns):
        facts.append(e.TurnStarted(turn_id=f"t{n}", client_id=f"c{n}", text=f"{text} {n}"))
        facts.append(e.TurnCompleted(turn_id=f"t{n}", text=answer))
    return facts


def test_what_was_said_long_ago_is_let_go_but_not_that_it_was() -> None:
    session = given(*long_session(120))
    remembered = [turn.turn_id for turn in session.turns if turn.text]
    assert remembered == [f"t{n}" for n in range(70, 120)]
    old = session.turns[3]
    assert (old.text, old.answer, old.status) == ("", "", "completed")
    command = CreateTurn(turn_id="new", client_id="c3", text="asked 3")
    assert rules.known_turn(session, command) is old
    with pytest.raises(IdempotencyConflict):
        rules.known_turn(session, msgspec.structs.replace(command, text="asked 4"))
    assert rules.give_feedback(session, GiveFeedback(turn_id="t3", rating="up"))


def test_long_turns_are_let_go_sooner_but_never_the_last() -> None:
    session = given(*long_session(40, answer="x" * 100_000))
    assert [turn.turn_id for turn in session.turns if turn.text] == ["t37", "t38", "t39"]
    session = given(*long_session(3, answer="x" * 400_000))
    assert [turn.turn_id for turn in session.turns if turn.text] == ["t2"]


def test_a_session_does_not_grow_with_its_turns() -> None:
    sizes = [len(bytes(snapshot_of(given(*long_session(n, answer="x" * 10_000))).state)) for n in (100, 400)]
    assert sizes[1] - sizes[0] < 300 * 300


def test_a_snapshot_of_a_time_when_all_was_remembered_is_let_go_as_well() -> None:
    turns = [Turn(turn_id=f"t{n}", client_id=f"c{n}", text="q", answer="a", status="completed") for n in range(90)]
    session = given(snapshot_of(Session(user="ann", latest=tuple(turns))))
    assert sum(1 for turn in session.turns if turn.text) == 50


def test_a_session_has_no_more_turns_than_it_can_remember() -> None:
    turns = [Turn(turn_id=f"t{n}", client_id=f"c{n}", text="q", digest=b"d") for n in range(MOST_TURNS)]
    session = evolve(Session(user="ann", long_past=LongPast[Turn]().with_more(turns)), STARTED)
    assert len(session.turns) == MOST_TURNS and session.turns[-1].client_id == "c1"


def test_what_is_long_past_is_known_as_a_plain_list_would_know_it() -> None:
    past, plain = LongPast[Turn](), list[Turn]()
    for n in range(3 * PAGE + 40):
        turn = Turn(turn_id=f"t{n}", client_id=f"c{n % 200}", text="q", digest=b"d", audience="user")
        before, (past, plain) = past, (past.with_more([turn]).newest(2 * PAGE + 7), [*plain, turn][-(2 * PAGE + 7) :])
        assert len(before) in (len(past), len(past) - 1), "the one before stays as it was"
        if n % 50 == 0 or n > 3 * PAGE:
            assert (list(past), list(reversed(past)), len(past)) == (plain, plain[::-1], len(plain))
            for client in ("c0", f"c{n % 200}", "c199", "nobody"):
                assert past.of_client(client) is next((t for t in plain[::-1] if t.client_id == client), None)
    for turn in (plain[0], plain[-1], plain[PAGE]):
        rated = past.changed(turn.turn_id, lambda turn: msgspec.structs.replace(turn, feedback="up"))
        assert [t.turn_id for t in rated if t.feedback] == [turn.turn_id] and len(rated) == len(plain)
    assert past.changed("t0", lambda turn: turn) is past, "it is forgotten"
    assert [len(past.newest(n)) for n in (0, 1, 50, 10**6)] == [0, 1, 50, len(plain)]
    assert list(past.newest(50)) == plain[-50:] and past.audiences == {"user"}
    assert past.said != before.said


def test_a_session_from_its_snapshot_is_the_one_from_its_facts() -> None:
    session = given(*long_session(300))
    again = given(snapshot_of(session))
    assert (again.turns, again.latest, again.long_past) == (session.turns, session.latest, session.long_past)
