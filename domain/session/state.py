"""What a session must remember in order to decide, and how each fact changes it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from domain.dependence import Audience
from domain.event import Event, topic
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.session import events as e
from domain.usage import Usage

Status = Literal["running", "completed", "cancelled", "failed"]


KEPT_TURNS = 50
KEPT_CHARACTERS = 256 * 1024
"""What was said in the latest turns is remembered, up to so many and so much; of older ones, that they were."""
TURN_COST = 600
MOST_TURNS = 5_000
"""Older ones are forgotten: their clients' ids are new again, and they cannot be rated any more."""


class Turn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One question and its answer, so far. Of one that is long past (`digest` is set) only what became of it is known,
    and what its question is told by."""

    turn_id: str
    client_id: str
    text: str
    use_cache: bool = True
    language: str = ""
    attachments: tuple[str, ...] = ()
    status: Status = "running"
    answer: str = ""
    citations: tuple[e.Citation, ...] = ()
    model: str = ""
    cached: str = ""
    source_turn: str = ""
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    ms: int = 0
    ttft_ms: int = 0
    error_code: str = ""
    error_message: str = ""
    error_retryable: bool = False
    trace_id: str = ""
    feedback: str = ""
    finish_reason: str = ""
    audience: Audience = "nobody"
    digest: bytes = b""
    resumed: int = 0
    passages: tuple[e.Passage, ...] | None = None
    results: dict[str, str] = {}
    tool_calls: dict[str, e.ToolCalled] = {}
    confirmations: dict[str, bool | None] = {}

    @property
    def size(self) -> int:
        """Characters of what was said in it."""
        return len(self.text) + len(self.answer) + sum(len(c.quote) + len(c.title) for c in self.citations)

    def asks(self, text: str) -> bool:
        """Whether this was its question."""
        return digest_of(text) == self.digest if self.digest else self.text == text


class Session(msgspec.Struct, kw_only=True):
    """A chat: who owns it, its turns in order, the calls that are not settled."""

    user: str = ""
    assistant: str = ""
    title: str = ""
    closed: bool = False
    erased: bool = False
    turns: list[Turn] = []
    open_calls: dict[str, ModelCallStarted] = {}
    summary: str = ""
    summary_through: str = ""

    @property
    def size(self) -> int:
        """About how many bytes it takes: two for a character, and what a turn takes besides."""
        spoken = 0
        for turn in reversed(self.turns):
            if turn.digest:
                break  # and so are all before it
            spoken += turn.size
        if running := self.running:
            spoken += sum(len(passage.text) for passage in running.passages or ())
            spoken += sum(len(call.input) + len(call.output) for call in running.tool_calls.values())
            spoken += sum(map(len, running.results.values()))
        return 2 * (spoken + len(self.summary)) + TURN_COST * len(self.turns)

    @property
    def running(self) -> Turn | None:
        """The turn that runs, if one does: only the last one can."""
        return self.turns[-1] if self.turns and self.turns[-1].status == "running" else None

    def turn(self, turn_id: str) -> Turn | None:
        """The turn of that id."""
        return next((t for t in reversed(self.turns) if t.turn_id == turn_id), None)

    def turn_of_client(self, client_id: str) -> Turn | None:
        """The turn that the client named so."""
        return next((t for t in reversed(self.turns) if t.client_id == client_id), None)


def digest_of(question: str) -> bytes:
    """What tells a question from every other."""
    return hashlib.blake2b(question.encode(), digest_size=16).digest()


@topic("session.snapshot.1", private=True)
class SessionSnapshot(Event, frozen=True, kw_only=True):
    """A session as it was at its version; a new shape of `Session` is a new topic, and old snapshots are ignored."""

    state: msgspec.Raw
    at: datetime | None = None


def wanted_language(metadata: dict[str, Any]) -> str:
    """The language (BCP 47) that the client wants the answer in, if its metadata says so."""
    wanted = metadata.get("language")
    return wanted if isinstance(wanted, str) and len(wanted) <= 35 else ""


def _remember_latest(session: Session) -> None:
    """Let go of what was said long ago."""
    del session.turns[:-MOST_TURNS]
    left = KEPT_CHARACTERS
    for place, turn in enumerate(reversed(session.turns)):
        if turn.digest:
            return  # and so are all before it
        left -= turn.size
        if place and turn.status != "running" and (place >= KEPT_TURNS or left < 0):
            turn.digest, turn.text, turn.answer, turn.citations = digest_of(turn.text), "", "", ()


def _end(session: Session, event: e.TurnCompleted | e.TurnCancelled | e.TurnFailed, status: Status) -> None:
    turn = session.turn(event.turn_id)
    if turn is None:
        return
    turn.status, turn.answer = status, event.text
    turn.passages, turn.results, turn.tool_calls, turn.confirmations = None, {}, {}, {}
    if isinstance(event, e.TurnFailed):
        turn.error_code, turn.error_message = event.code, event.message
        turn.error_retryable, turn.trace_id = event.retryable, event.trace_id
        return
    turn.citations, turn.model, turn.usage = event.citations, event.model, event.usage
    turn.cost_usd, turn.ms, turn.ttft_ms = event.cost_usd, event.ms, event.ttft_ms
    turn.finish_reason = "incomplete"
    if isinstance(event, e.TurnCompleted):
        turn.cached, turn.finish_reason, turn.audience = event.cached, event.finish, event.audience


def evolve(session: Session, event: Event) -> Session:
    """The session after `event`. It is changed in place and returned; facts that decide nothing leave it as it is."""
    match event:
        case SessionSnapshot():
            session = msgspec.msgpack.decode(event.state, type=Session)
            _remember_latest(session)
        case e.SessionOpened():
            session.user, session.assistant = event.user, event.assistant
        case e.SessionRenamed():
            session.title = event.title
        case e.SessionClosed():
            session.closed = True
        case e.SessionErased():
            session.erased, session.closed = True, True
            session.turns, session.title, session.summary = [], "", ""
        case e.TurnStarted():
            session.turns.append(
                Turn(
                    turn_id=event.turn_id,
                    client_id=event.client_id,
                    text=event.text,
                    use_cache=event.use_cache,
                    language=wanted_language(event.metadata),
                    attachments=event.attachments,
                )
            )
            _remember_latest(session)
        case e.TurnResumed() if turn := session.turn(event.turn_id):
            turn.resumed += 1
        case e.PassagesRetrieved() if turn := session.turn(event.turn_id):
            turn.passages = event.passages
        case e.CacheHit() if turn := session.turn(event.turn_id):
            turn.source_turn = event.source_turn
        case e.StepRun() if (turn := session.turn(event.turn_id)) and turn.status == "running":
            turn.results[event.step] = event.result
        case e.ToolCalled() if (turn := session.turn(event.turn_id)) and turn.status == "running":
            turn.tool_calls[event.key] = event
        case e.ToolConfirmationAsked() if (turn := session.turn(event.turn_id)) and turn.status == "running":
            turn.confirmations.setdefault(event.key, None)
        case e.ToolConfirmed() if (turn := session.turn(event.turn_id)) and turn.status == "running":
            turn.confirmations[event.key] = event.allow
        case e.TurnCompleted():
            _end(session, event, "completed")
        case e.TurnCancelled():
            _end(session, event, "cancelled")
        case e.TurnFailed():
            _end(session, event, "failed")
        case e.FeedbackGiven() if turn := session.turn(event.turn_id):
            turn.feedback = event.rating
        case e.HistorySummarised():
            session.summary, session.summary_through = event.summary, event.through_turn
        case ModelCallStarted():
            session.open_calls[event.call_id] = event
        case TokensUsed():
            session.open_calls.pop(event.call_id, None)
        case _:
            pass
    return session
