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
from domain.session.commands import CreateTurn, GiveFeedback, OpenSession
from domain.session.state import Session, evolve
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
    ],
)
def test_what_is_refused(
    events: list[Event], rule: Callable[[Session], Sequence[Event]], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        rule(given(*events))


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
    assert (session.turns, session.title, session.erased) == ([], "", True)


def test_a_turn_that_ended_before_endings_were_noted_says_what_is_known_of_it() -> None:
    stored = {"turn_id": "t", "text": "Within"}
    for noted, finish in (
        ({}, "stop"),
        ({"truncated": True}, "length"),
        ({"finish_reason": "incomplete"}, "incomplete"),
    ):
        body = msgspec.msgpack.encode(stored | noted)
        assert msgspec.msgpack.decode(body, type=e.TurnCompleted).finish == finish
