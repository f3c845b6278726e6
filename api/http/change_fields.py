"""What a fact changed in its session, in the words of the contract: what its user can also see as it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from application.clock import rfc3339
from application.sessions.end_frames import usage_fields
from domain.event import Envelope, Event, Unknown
from domain.model_calls import TokensCorrected, TokensUsed
from domain.session import events as e


def change_fields(fact: Envelope, names: Mapping[str, str]) -> dict[str, Any]:
    """A fact as one change. `names` has users' names by what they are stored as."""
    about = {
        "version": fact.version,
        "kind": fact.event.topic if isinstance(fact.event, Unknown) else type(fact.event).TOPIC,
        "at": rfc3339(fact.at),
        "actor": names.get(fact.actor, fact.actor),
        "turn_id": getattr(fact.event, "turn_id", "") or None,
    }
    return about | _says(fact.event)


def _says(event: Event) -> dict[str, Any]:
    match event:
        case e.TurnStarted():
            return {"question": event.text}
        case e.TurnCopied():
            return {"question": event.text, "answer": event.answer, "status": event.status, "model": event.model}
        case e.TurnFailed():
            return {"status": "failed", "answer": event.text, "error": {"code": event.code, "message": event.message}}
        case e.TurnCompleted() | e.TurnCancelled():
            status = "completed" if isinstance(event, e.TurnCompleted) else "cancelled"
            return {"status": status, "answer": event.text, "model": event.model, "cost_usd": f"{event.cost_usd:f}"}
        case e.FeedbackGiven():
            return {"rating": event.rating, "comment": event.comment}
        case _:
            return _of_session(event) or _of_work(event)


def _of_session(event: Event) -> dict[str, Any]:
    match event:
        case e.SessionOpened():
            return {"assistant": event.assistant}
        case e.SessionRenamed():
            return {"title": event.title, "chosen": event.chosen}
        case e.SessionForked():
            return {"forked_from": {"session_id": event.of, "version": event.version}}
        case e.HistorySummarised():
            return {"summary": event.summary}
        case _:
            return {}


def _of_work(event: Event) -> dict[str, Any]:
    """What was done for a turn, without what went in and out of it."""
    match event:
        case e.StepRun():
            return {"step": event.step, "model": event.model, "reason": event.reason, "ms": event.ms}
        case e.PassagesRetrieved():
            return {"passages": len(event.passages)}
        case e.ToolCalled():
            return {"tool": event.name, "status": event.status, "ms": event.ms}
        case e.ModelFailedOver() | e.CacheHit() | e.PiiRedacted() | e.ToolConfirmed():
            shown = ("from_model", "to_model", "reason", "at_char", "layer", "age_s", "kinds", "allow")
            return {name: getattr(event, name) for name in shown if hasattr(event, name)}
        case TokensUsed() | TokensCorrected():
            spent = {"usage": usage_fields(event.usage), "cost_usd": f"{event.cost_usd:f}"}
            return {"call_id": event.call_id, "step": event.step, "model": event.model, **spent}
        case _:
            return {}
