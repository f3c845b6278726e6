"""The trace id: one per request or socket, in every log line and problem document that it causes."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable

import structlog

from domain.event import Envelope

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def begin_trace(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Take the caller's trace id (W3C Trace Context) or make one, and bind it to everything logged from here on."""
    given = (_TRACEPARENT.fullmatch(value) for name, value in headers if name == b"traceparent")
    found = next((match.group(1).decode() for match in given if match), "")
    trace_id = found if found.strip("0") else secrets.token_hex(16)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(trace_id=trace_id)
    return trace_id


def span_of(turn_id: str) -> int:
    """The id of a turn's span, by which what follows from the turn elsewhere names it: made of the turn's own id."""
    return int.from_bytes(hashlib.blake2b(turn_id.encode(), digest_size=8).digest(), "big") or 1


def traceparent_of(fact: Envelope) -> str:
    """The W3C header of what follows from a turn's fact; empty without a trace."""
    return f"00-{fact.trace_id}-{span_of(fact.correlation_id):016x}-01" if fact.trace_id else ""


def current_trace() -> str:
    """The trace id of what is being done; empty outside of any request."""
    return str(structlog.contextvars.get_contextvars().get("trace_id", ""))
