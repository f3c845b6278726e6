"""How a turn is shown: in `session.opened`, in answers to a repeated `turn.create`, and in the reads."""

from __future__ import annotations

from typing import Any

import msgspec

from api.http.request.paging import stretch_cursor
from application.clock import now, rfc3339
from application.sessions import feed_frames as f
from application.sessions.end_frames import usage_fields
from application.sessions.feed import created_at
from application.sessions.frame_limits import ANSWER_BYTES, HISTORY_BYTES, cut, within
from application.sessions.live_session import LiveSession
from domain.session.state import Session, Turn

HISTORY_TURNS = 50


def history(session: Session) -> tuple[list[msgspec.Raw], str | None]:
    """The newest finished turns, oldest first, as many as `session.opened` may hold; and the cursor at `/turns` of all
    that are older, None when there are none."""
    finished = [turn for turn in session.latest if turn.status != "running"]
    shown: list[msgspec.Raw] = []
    room = HISTORY_BYTES
    for turn in reversed(finished[-HISTORY_TURNS:]):
        fields = msgspec.Raw(msgspec.json.encode(turn_fields(turn)))
        room -= len(bytes(fields)) + 1
        if room < 0:
            break
        shown.append(fields)
    older = len(finished) - len(shown)
    if not older and not session.long_past:
        return shown[::-1], None
    return shown[::-1], stretch_cursor(None, finished[older].turn_id if shown else None)


def turn_fields(turn: Turn) -> dict[str, Any]:
    """A turn as the contract writes it."""
    fields: dict[str, Any] = {
        "turn_id": turn.turn_id,
        "client_id": turn.client_id,
        "status": turn.status,
        "question": turn.text,
        "answer": turn.answer,
        "model": turn.model,
        "cached": turn.cached or False,
        "cost_usd": f"{turn.cost_usd:f}",
        "usage": usage_fields(turn.usage),
        "citations": [msgspec.structs.asdict(c) for c in turn.citations],
        "ms": turn.ms,
        "ttft_ms": turn.ttft_ms,
        "finish_reason": turn.finish_reason or None,
    }
    if turn.attachments:
        fields["attachments"] = list(turn.attachments)
    if turn.status == "failed":
        fields["error"] = error_fields(turn)
    return fields


def error_fields(turn: Turn) -> dict[str, Any]:
    """Why a turn failed."""
    return {
        "code": turn.error_code,
        "message": turn.error_message,
        "retryable": turn.error_retryable,
        "trace_id": turn.trace_id,
    }


def repeat(live: LiveSession, turn: Turn, cursor: int, first: int) -> list[f.Frame]:
    """The answer to a repeated `turn.create` on a socket that began at seq `first` and has read up to `cursor`: the
    turn was created; and, when the socket did not follow it, what became of it. Nothing here has a new seq."""
    stamp: dict[str, Any] = {"seq": cursor, "session_id": live.id.id, "turn_id": turn.turn_id}
    created = created_at(live.feed, turn.turn_id)
    told: list[f.Frame] = [f.Created(**stamp, at=rfc3339(now()), client_id=turn.client_id)]
    if turn.status == "running" or (created is not None and created > first):
        return told
    stamp["at"] = rfc3339(now())
    if turn.status == "failed":
        return [*told, f.Failed(**stamp, error=error_fields(turn))]
    text, citations = cut(turn.answer, ANSWER_BYTES), within(turn.citations)
    if text:
        told.append(f.Delta(**stamp, delta=text))
    told += [f.Cited(**stamp, **msgspec.structs.asdict(c)) for c in citations]
    shown = turn_fields(turn)
    told.append(
        f.Completed(
            **stamp,
            status=turn.status,
            text=text,
            citations=[msgspec.structs.asdict(c) for c in citations],
            **{key: shown[key] for key in ("model", "cached", "usage", "cost_usd", "ms", "ttft_ms", "finish_reason")},
        )
    )
    return told
