"""What each fact of a session changes in the session view: a pure function over facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from application.clock import rfc3339
from domain.event import Envelope, Event
from domain.model_calls import TokensCorrected, TokensUsed
from domain.session import events as e

CALL = "call:"
"""Attributes of a turn that begin so hold what one call used; the rest of the name is its id."""

_json = msgspec.json.Encoder().encode


class Private(msgspec.Struct, frozen=True):
    """A value that somebody wrote: sealed before it is stored, bound to the name of its attribute."""

    plain: bytes


Attribute = str | int | bool | Private


class ViewChanges(msgspec.Struct, kw_only=True):
    """What facts `after + 1 .. version` of one session change, as absolute values. See `SessionChange`."""

    after: int
    version: int = 0
    session: dict[str, Attribute] = {}
    defaults: dict[str, Attribute] = {}
    turns: dict[str, dict[str, Attribute]] = {}
    new_turns: int = 0
    erased: bool = False

    @property
    def size(self) -> int:
        """Bytes of what people wrote in it."""
        all = (self.session, self.defaults, *self.turns.values())
        return sum(len(value.plain) for values in all for value in values.values() if isinstance(value, Private))

    def turn(self, turn_id: str) -> dict[str, Attribute]:
        """The changed attributes of a turn."""
        return self.turns.setdefault(turn_id, {})


def changes_of(facts: Sequence[Envelope]) -> ViewChanges:
    """All changes of consecutive facts of one session together. A `Shredded` fact moves the version only."""
    changes = ViewChanges(after=facts[0].version - 1)
    for fact in facts:
        changes.version = fact.version
        if not isinstance(fact.event, TokensCorrected):  # an account put right is no activity of the session
            changes.session["updated_at"] = rfc3339(fact.at)
        _add(changes, fact.event, rfc3339(fact.at))
    return changes


def _add(changes: ViewChanges, event: Event, at: str) -> None:
    match event:
        case e.SessionOpened():
            changes.session |= {"user": event.user, "assistant": event.assistant, "created_at": at}
        case e.SessionRenamed():
            changes.session["chosen_title" if event.chosen else "title"] = Private(event.title.encode())
        case e.SessionForked():
            changes.session |= {"forked_from": event.of, "forked_at": event.version}
        case e.TurnCopied():
            changes.new_turns += 1
            changes.defaults.setdefault("first_question", Private(event.text.encode()))
            changes.turn(event.turn_id).update(_copied(event))
        case e.SessionClosed():
            changes.session["closed"] = True
        case e.SessionErased():
            changes.erased = True
            changes.session, changes.defaults, changes.turns, changes.new_turns = {}, {}, {}, 0
        case e.TurnStarted():
            changes.new_turns += 1
            changes.defaults.setdefault("first_question", Private(event.text.encode()))
            changes.turn(event.turn_id).update(status="running", created_at=at, question=Private(event.text.encode()))
        case e.TurnCompleted() | e.TurnCancelled():
            cancelled = isinstance(event, e.TurnCancelled)
            changes.turn(event.turn_id).update(
                status="cancelled" if cancelled else "completed",
                model=event.model,
                cached="" if isinstance(event, e.TurnCancelled) else event.cached,
                cost_usd=format(event.cost_usd, "f"),
                usage=_json(event.usage).decode(),
                finish_reason="incomplete" if isinstance(event, e.TurnCancelled) else event.finish,
                ms=event.ms,
                ttft_ms=event.ttft_ms,
                answer=Private(_json({"text": event.text, "citations": event.citations})),
            )
        case e.TurnFailed():
            error = {"code": event.code, "message": event.message, "retryable": event.retryable}
            changes.turn(event.turn_id).update(
                status="failed", answer=Private(_json({"text": event.text, "citations": (), "error": error}))
            )
        case e.StepRun(step="follow_ups", safe_default=False):
            changes.turn(event.turn_id)["follow_ups"] = Private(event.result.encode())
        case e.FeedbackGiven():
            changes.turn(event.turn_id)["feedback"] = Private(event.rating.encode())
        case TokensUsed() | TokensCorrected() if event.turn_id:
            changes.turn(event.turn_id)[CALL + event.call_id] = _call(event)
        case _:
            pass


def _copied(event: e.TurnCopied) -> dict[str, Attribute]:
    """A turn that was asked and paid for elsewhere: what was said, at no cost."""
    body: dict[str, Any] = {"text": event.answer, "citations": event.citations}
    if event.status == "failed":
        body["error"] = {"code": event.error_code, "message": event.error_message, "retryable": False}
    return {
        "status": event.status,
        "created_at": rfc3339(event.asked_at),
        "question": Private(event.text.encode()),
        "answer": Private(_json(body)),
        "model": event.model,
        "cached": event.cached,
        **({"finish_reason": event.finish_reason} if event.finish_reason else {}),
    }


def _call(event: TokensUsed | TokensCorrected) -> str:
    used: dict[str, Any] = {"usage": event.usage, "cost_usd": format(event.cost_usd, "f")}
    return _json(used).decode()
