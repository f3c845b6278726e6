"""The provider's own log of the calls it served: what the bill is made from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

import msgspec

from domain.usage import Usage


class LoggedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call as the provider logged it. `metadata` is what we sent along; a call for a vector has none."""

    request_id: str
    at: datetime
    operation: str
    model: str
    usage: Usage
    metadata: dict[str, str] = {}
    error_code: str = ""


class UnreadableLine(msgspec.Struct, frozen=True):
    """A piece of the log that could not be read: which file or object, and why."""

    place: str
    why: str


class InvocationLogs(Protocol):
    """Model invocation logs, wherever they are delivered to."""

    def read(self, since: datetime, until: datetime) -> AsyncIterator[LoggedCall | UnreadableLine]:
        """The calls with `since <= at < until`, about in the order of time, and what could not be read of the files
        that may hold them. Holds one line of a file, or one object, in memory. `DependencyUnavailable` when the place
        cannot be reached."""
        ...
