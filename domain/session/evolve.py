"""How each fact changes what a session remembers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from domain.event import Event, Unknown
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.session import events as e
from domain.session.long_past import LongPast
from domain.session.state import Session, SessionSnapshot, Status, Turn, digest_of, restored, wanted_language
from domain.usage import Usage

KEPT_TURNS = 50
KEPT_CHARACTERS = 256 * 1024
"""What was said in the latest turns is remembered, up to so many and so much; of older ones, that they were."""
MOST_TURNS = 5_000
"""Older ones are forgotten: their clients' ids are new again, and they cannot be rated any more."""


def evolve(session: Session, event: Event) -> Session:
    """The session after `event`; the one before it stays as it was. Facts that decide nothing change nothing."""
    change = CHANGES.get(type(event))
    return change(session, event) if change else session


def _rename(session: Session, event: e.SessionRenamed) -> Session:
    if session.title_chosen and not event.chosen:
        return session
    return replace(session, title=event.title, title_chosen=event.chosen)


def _start(session: Session, event: e.TurnStarted) -> Session:
    turn = Turn(
        turn_id=event.turn_id,
        client_id=event.client_id,
        text=event.text,
        use_cache=event.use_cache,
        language=wanted_language(event.metadata),
        attachments=event.attachments,
        instructions=event.instructions,
        collections=event.collections,
    )
    return _let_go(replace(session, latest=(*session.latest, turn), **NOTHING_DUE))


def _copy(session: Session, event: e.TurnCopied) -> Session:
    turn = Turn(
        turn_id=event.turn_id,
        client_id="",
        text=event.text,
        attachments=event.attachments,
        status=event.status,
        answer=event.answer,
        citations=event.citations,
        model=event.model,
        cached=event.cached,
        source_turn=event.of_turn,
        finish_reason=event.finish_reason,
        error_code=event.error_code,
        error_message=event.error_message,
    )
    return _let_go(replace(session, latest=(*session.latest, turn)))


def _let_go(session: Session) -> Session:
    """Without what was said long ago, and without the turns before that which are too many."""
    kept, left = 0, KEPT_CHARACTERS
    for turn in reversed(session.latest):
        left -= turn.size
        if kept and turn.status != "running" and (kept >= KEPT_TURNS or left < 0):
            break
        kept += 1
    past, latest = session.long_past, session.latest
    if kept < len(latest):
        gone, latest = latest[: len(latest) - kept], latest[len(latest) - kept :]
        past = past.with_more(replace(t, **NOTHING_TOLD, digest=digest_of(t.text)) for t in gone)
    return replace(session, long_past=past.newest(MOST_TURNS - len(latest)), latest=latest)


def _in_turn(session: Session, turn_id: str, change: Callable[[Turn], Turn]) -> Session:
    """The session with one of its turns changed; as it is when it does not know that turn (any more)."""
    if (place := _place(session.latest, turn_id)) is not None:
        return replace(session, latest=_with(session.latest, place, change))
    past = session.long_past.changed(turn_id, change)
    return session if past is session.long_past else replace(session, long_past=past)


def _place(turns: tuple[Turn, ...], turn_id: str) -> int | None:
    for place in range(len(turns) - 1, -1, -1):
        if turns[place].turn_id == turn_id:
            return place
    return None


def _with(turns: tuple[Turn, ...], place: int, change: Callable[[Turn], Turn]) -> tuple[Turn, ...]:
    return (*turns[:place], change(turns[place]), *turns[place + 1 :])


def _while_it_runs(session: Session, turn_id: str, change: Callable[[Turn], Turn]) -> Session:
    """The same for what counts only while the turn runs."""
    return _in_turn(session, turn_id, lambda turn: change(turn) if turn.status == "running" else turn)


def _keep_result(session: Session, event: e.StepRun) -> Session:
    return _while_it_runs(
        session, event.turn_id, lambda turn: replace(turn, results=turn.results | {event.step: event.result})
    )


def _keep_call(session: Session, event: e.ToolCalled) -> Session:
    return _while_it_runs(
        session, event.turn_id, lambda turn: replace(turn, tool_calls=turn.tool_calls | {event.key: event})
    )


def _ask(session: Session, event: e.ToolConfirmationAsked) -> Session:
    return _while_it_runs(
        session, event.turn_id, lambda turn: replace(turn, confirmations={event.key: None} | turn.confirmations)
    )


def _confirm(session: Session, event: e.ToolConfirmed) -> Session:
    return _while_it_runs(
        session, event.turn_id, lambda turn: replace(turn, confirmations=turn.confirmations | {event.key: event.allow})
    )


def _ended(turn: Turn, event: e.TurnCompleted | e.TurnCancelled, status: Status, **more: Any) -> Turn:
    return replace(
        turn,
        **NOTHING_RUNS,
        **more,
        status=status,
        answer=event.text,
        citations=event.citations,
        model=event.model,
        usage=event.usage,
        cost_usd=event.cost_usd,
        ms=event.ms,
        ttft_ms=event.ttft_ms,
    )


def _complete(session: Session, event: e.TurnCompleted) -> Session:
    more = {"cached": event.cached, "finish_reason": event.finish, "audience": event.audience}
    return _in_turn(session, event.turn_id, lambda turn: _ended(turn, event, "completed", **more))


def _cancel(session: Session, event: e.TurnCancelled) -> Session:
    return _in_turn(session, event.turn_id, lambda turn: _ended(turn, event, "cancelled", finish_reason="incomplete"))


def _fail(session: Session, event: e.TurnFailed) -> Session:
    return _in_turn(
        session,
        event.turn_id,
        lambda turn: replace(
            turn,
            **NOTHING_RUNS,
            status="failed",
            answer=event.text,
            error_code=event.code,
            error_message=event.message,
            error_retryable=event.retryable,
            trace_id=event.trace_id,
        ),
    )


def _open_call(session: Session, event: ModelCallStarted) -> Session:
    return replace(session, open_calls=session.open_calls | {event.call_id: event})


def _settle_call(session: Session, event: TokensUsed) -> Session:
    if event.call_id not in session.open_calls:
        return session
    left = {call: started for call, started in session.open_calls.items() if call != event.call_id}
    return replace(session, open_calls=left)


NOTHING_DUE: dict[str, Any] = {"follow_up": "", "follow_up_tries": 0}
"""What follows a turn is left once another one has begun."""

NOTHING_RUNS: dict[str, Any] = {
    "instructions": "",
    "passages": None,
    "read": None,
    "results": {},
    "tool_calls": {},
    "confirmations": {},
}
"""What is known of a turn only while it runs."""

NOTHING_TOLD: dict[str, Any] = {
    "text": "", "answer": "", "citations": (), "model": "", "source_turn": "", "usage": Usage(), "cost_usd": Decimal(0),
    "ms": 0, "ttft_ms": 0, "error_message": "", "trace_id": "", "language": "",
}  # fmt: skip
"""What is no longer known of a turn that is long past: its facts tell it."""

ERASED: dict[str, Any] = {
    "erased": True, "closed": True, "long_past": LongPast(), "latest": (), "title": "", "title_chosen": False,
    "summary": "",
}  # fmt: skip

CHANGES: dict[type[Event], Callable[[Session, Any], Session]] = {
    SessionSnapshot: lambda _, event: _let_go(restored(event)),
    e.SessionOpened: lambda s, event: replace(s, user=event.user, assistant=event.assistant),
    e.SessionRenamed: _rename,
    e.SessionClosed: lambda s, event: replace(s, closed=True),
    e.SessionErased: lambda s, event: replace(s, **ERASED),
    e.TurnStarted: _start,
    e.TurnCopied: _copy,
    e.TurnResumed: lambda s, event: _in_turn(s, event.turn_id, lambda t: replace(t, resumed=t.resumed + 1)),
    e.PassagesRetrieved: lambda s, event: _in_turn(s, event.turn_id, lambda t: replace(t, passages=event.passages)),
    e.AttachmentsRead: lambda s, event: _while_it_runs(s, event.turn_id, lambda t: replace(t, read=event)),
    e.CacheHit: lambda s, event: _in_turn(s, event.turn_id, lambda t: replace(t, source_turn=event.source_turn)),
    e.StepRun: _keep_result,
    e.ToolCalled: _keep_call,
    e.ToolConfirmationAsked: _ask,
    e.ToolConfirmed: _confirm,
    e.TurnCompleted: _complete,
    e.FollowUpDue: lambda s, event: replace(s, follow_up=event.turn_id, follow_up_tries=event.tries),
    e.FollowedUp: lambda s, event: replace(s, **NOTHING_DUE) if s.follow_up == event.turn_id else s,
    e.TurnCancelled: _cancel,
    e.TurnFailed: _fail,
    e.FeedbackGiven: lambda s, event: _in_turn(s, event.turn_id, lambda t: replace(t, feedback=event.rating)),
    e.HistorySummarised: lambda s, event: replace(s, summary=event.summary, summary_through=event.through_turn),
    Unknown: lambda s, _: replace(s, partly=True),
    ModelCallStarted: _open_call,
    TokensUsed: _settle_call,
}
"""How each fact that decides something changes a session."""
