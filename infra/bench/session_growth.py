"""What a session costs by how many turns it has, in this process alone: a turn's facts, what a turn asks of all that
was before it, snapshots, opening from one, memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterable
from statistics import median

import msgspec

from application.answer_cache.cacheability import context_of, conversation
from application.clock import new_id, now
from application.plan.history import goes_on, history_messages
from application.sessions.live_session import SNAPSHOT_EVERY, TURNS_A_FACT
from application.steps.facts import facts_of
from application.turns.prepare_turn import audiences, said_before
from domain.event import Event
from domain.model_calls import ModelCallStarted, settle
from domain.session import events as e
from domain.session import rules
from domain.session.commands import CreateTurn
from domain.session.evolve import evolve
from domain.session.state import Session, snapshot_of
from domain.tenant.assistant import Assistant
from domain.usage import Usage

ROUNDS = 9
AT_A_TIME = 20
BUDGET = 100_000
"""Tokens of history that a model is given."""
ANSWER = "Coffee may be returned within thirty days of sale, with the slip. " * 4


class SessionAt(msgspec.Struct, kw_only=True):
    """CPU of one turn in microseconds; the last three are of the session as a whole."""

    turns: int
    facts_us: float
    looks_back_us: float
    snapshots_us: float
    snapshot_kb: float
    opened_ms: float
    held_kb: float


def grown(sizes: Iterable[int]) -> list[SessionAt]:
    """A session at each of these sizes, rising."""
    session, found = Session(user="somebody", assistant="default"), []
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for size in sizes:
            while (known := len(session.long_past) + len(session.latest)) < size:
                session = _with_turn(session, known)
            held = tracemalloc.get_traced_memory()[0] - before
            found.append((session, held))
    finally:
        tracemalloc.stop()
    return [_measured(session, held) for session, held in found]


def told_facts(number: int) -> list[Event]:
    """All facts of one turn."""
    id = new_id()
    text = f"How long may case {number} be returned?"
    return [e.TurnStarted(turn_id=id, client_id=new_id(), text=text), *_facts(id)]


def _facts(turn_id: str) -> list[Event]:
    call = ModelCallStarted(
        call_id=new_id(), turn_id=turn_id, step="answer", model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        user="somebody", estimate=Usage(100, 100),
    )  # fmt: skip
    return [
        call,
        settle(call, Usage(90, 80)),
        e.StepRun(turn_id=turn_id, step="answer", model=call.model, reason="tier:balanced", ms=900),
        e.TurnCompleted(
            turn_id=turn_id, text=ANSWER, model=call.model, usage=Usage(90, 80), ms=900, ttft_ms=300,
            finish_reason="stop", audience="tenant",
        ),
    ]  # fmt: skip


def _with_turn(session: Session, number: int) -> Session:
    command = CreateTurn(turn_id=new_id(), client_id=new_id(), text=f"How long may case {number} be returned?")
    rules.known_turn(session, command)  # as whoever asks is told at once when it was asked before
    for fact in [*rules.create_turn(session, command), *_facts(command.turn_id)]:
        session = evolve(session, fact)
    return session


def _look_back(session: Session) -> None:
    """All that a turn asks of those before it."""
    conversation(audiences(session))
    context_of(said_before(session))
    history_messages(session, BUDGET)
    goes_on(session, now(), 300)
    facts_of(session, session.latest[-1], Assistant(), documents=True)


def _measured(session: Session, held: int) -> SessionAt:
    def turns() -> None:
        asked = session
        for number in range(AT_A_TIME):
            asked = _with_turn(asked, -number)

    snapshot = snapshot_of(session)
    due = max(SNAPSHOT_EVERY, len(session.long_past) // TURNS_A_FACT)
    return SessionAt(
        turns=len(session.long_past) + len(session.latest),
        facts_us=round(_cpu_us(turns) / AT_A_TIME, 1),
        looks_back_us=round(_cpu_us(lambda: _look_back(session)), 1),
        snapshots_us=round(_cpu_us(lambda: snapshot_of(session)) * (len(_facts("")) + 1) / due, 1),
        snapshot_kb=round(len(bytes(snapshot.state)) / 1024, 1),
        opened_ms=round(_cpu_us(lambda: evolve(Session(), snapshot)) / 1000, 2),
        held_kb=round(held / 1024, 1),
    )


def _cpu_us(what: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        what()
        taken.append(time.process_time() - began)
    return median(taken) * 1e6
