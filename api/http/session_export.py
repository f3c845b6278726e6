"""A session to take away: told from its facts turn by turn, as Markdown to read or as JSON to work with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec

from api.http.turn_answers import error_fields
from application.clock import now, rfc3339
from application.redaction.active_content import inert
from application.sessions.replay_session import Replay
from domain.session.state import Session, Turn

_MARKS = re.compile(r"([\\`*_\[\]<>#|~!])")
UNTITLED = "Conversation"


async def as_json(replay: Replay, session: Session, version: int) -> AsyncIterator[bytes]:
    """One object whose `turns` come as they are told, so that a long session is never whole in memory."""
    about = {
        "session_id": replay.stream.rpartition("/")[2],
        "title": session.title,
        "assistant": session.assistant,
        "version": version,
        "exported_at": rfc3339(now()),
    }
    yield msgspec.json.encode(about)[:-1] + b',"turns":['
    between = b""
    async for turn in replay.turns():
        yield between + msgspec.json.encode(_fields(turn, replay.asked_at))
        between = b","
    yield b"]}\n"


async def as_markdown(replay: Replay, session: Session, version: int) -> AsyncIterator[bytes]:
    """Questions quoted, answers as they were shown, and what each cites below it. Nothing in it is active."""
    head = f"# {_plain(session.title or UNTITLED)}\n\nAssistant: {_plain(session.assistant)}, {_moment(now())}\n"
    yield head.encode()
    async for turn in replay.turns():
        yield _told(turn, replay.asked_at).encode()


def _fields(turn: Turn, asked_at: datetime | None) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "turn_id": turn.turn_id,
        "created_at": rfc3339(asked_at) if asked_at else None,
        "status": turn.status,
        "question": turn.text,
        "answer": turn.answer,
        "model": turn.model,
        "finish_reason": turn.finish_reason or None,
        "feedback": turn.feedback or None,
        "citations": [msgspec.structs.asdict(citation) for citation in turn.citations],
    }
    return fields | ({"error": error_fields(turn)} if turn.status == "failed" else {})


def _told(turn: Turn, asked_at: datetime | None) -> str:
    asked = "\n".join(f"> {line}".rstrip() for line in inert(turn.text).splitlines())
    parts = ["---", f"**Question**{_when(asked_at)}", asked, f"**Answer**{_by(turn)}"]
    if turn.answer:
        parts.append(turn.answer)
    if turn.status == "failed":
        parts.append(f"*{_plain(turn.error_message)}*")
    if turn.citations:
        parts.append("\n".join(["**Sources**", "", *map(_source, turn.citations)]))
    return "\n" + "\n\n".join(parts) + "\n"


def _source(citation: Any) -> str:
    place = [f"page {citation.page}"] if citation.page else []
    place += [f"row {citation.row}"] if citation.row else []
    place += [f"under “{_plain(citation.heading)}”"] if citation.heading else []
    where = ", ".join([*place, f"characters {citation.start} to {citation.end}"])
    return f"- [{citation.n}] {_plain(citation.title)}, {where}: “{_plain(citation.quote)}”"


def _by(turn: Turn) -> str:
    said = [_plain(turn.model)] if turn.model else []
    said += [turn.status] if turn.status != "completed" else []
    return f" ({', '.join(said)})" if said else ""


def _when(at: datetime | None) -> str:
    return f" ({_moment(at)})" if at else ""


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _plain(text: str) -> str:
    """A text in one line of Markdown, where it means nothing but itself."""
    return _MARKS.sub(r"\\\1", " ".join(inert(text).split()))
