"""The trace id: one per request or socket, in every log line and problem document that it causes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

import structlog

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def begin_trace(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Take the caller's trace id (W3C Trace Context) or make one, and bind it to everything logged from here on."""
    given = (_TRACEPARENT.fullmatch(value) for name, value in headers if name == b"traceparent")
    found = next((match.group(1).decode() for match in given if match), "")
    trace_id = found if found.strip("0") else secrets.token_hex(16)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(trace_id=trace_id)
    return trace_id


def current_trace() -> str:
    """The trace id of what is being done; empty outside of any request."""
    return str(structlog.contextvars.get_contextvars().get("trace_id", ""))
