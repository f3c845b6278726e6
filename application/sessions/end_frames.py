"""The frames that end a turn: from the fact that is stored, or from the turn as its session remembers it."""

from __future__ import annotations

from typing import Any

import msgspec

from application.sessions import feed_frames as f
from domain.session import events as e
from domain.session.state import Turn
from domain.usage import Usage


def usage_fields(usage: Usage) -> dict[str, int]:
    """Usage as the contract writes it."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }


def completed_frame(event: e.TurnCompleted | e.TurnCancelled) -> f.Completed:
    """The frame of a turn whose answer has ended, or was stopped by its user."""
    whole = event if isinstance(event, e.TurnCompleted) else None
    return f.Completed(
        status="completed" if whole else "cancelled",
        text=event.text,
        citations=[msgspec.structs.asdict(c) for c in event.citations],
        model=event.model,
        cached=(whole and whole.cached) or False,
        usage=usage_fields(event.usage),
        cost_usd=f"{event.cost_usd:f}",
        ms=event.ms,
        ttft_ms=event.ttft_ms,
        finish_reason=whole.finish if whole else "incomplete",
    )


def failed_frame(event: e.TurnFailed, retry_after_s: float | None = None) -> f.Failed:
    """The frame of a turn that failed."""
    error: dict[str, Any] = {
        "code": event.code,
        "message": event.message,
        "retryable": event.retryable,
        "trace_id": event.trace_id,
    }
    if retry_after_s is not None:
        error["retry_after_s"] = retry_after_s
    return f.Failed(turn_id=event.turn_id, error=error)


def ended_frame(turn: Turn) -> f.Frame:
    """The frame of a turn that has ended, as it is stored."""
    if turn.status == "failed":
        error = {"code": turn.error_code, "message": turn.error_message, "retryable": turn.error_retryable}
        return f.Failed(turn_id=turn.turn_id, error=error | {"trace_id": turn.trace_id})
    return f.Completed(
        status=turn.status,
        text=turn.answer,
        citations=[msgspec.structs.asdict(c) for c in turn.citations],
        model=turn.model,
        cached=turn.cached or False,
        usage=usage_fields(turn.usage),
        cost_usd=f"{turn.cost_usd:f}",
        ms=turn.ms,
        ttft_ms=turn.ttft_ms,
        finish_reason=turn.finish_reason,
    )
