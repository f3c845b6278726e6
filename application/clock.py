"""The time and new ids, asked for here and nowhere else outside adapters."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol

import uuid_utils.compat

Seconds = Callable[[], float]
"""A clock that only rises, for how long ago something was; from when it counts is of no account."""
Moment = Callable[[], datetime]
"""What time it is, UTC."""


class Timepiece(Protocol):
    """What time and ids are taken from where they are not the machine's: a process that is played on a clock of its
    own."""

    def monotonic(self) -> float:
        """Seconds that only rise."""
        ...

    def time(self) -> float:
        """Seconds since 1970, UTC; it may be set back."""
        ...

    def new_id(self) -> str:
        """A UUIDv7."""
        ...


_timepiece: ContextVar[Timepiece | None] = ContextVar("timepiece", default=None)


def go_by(timepiece: Timepiece) -> None:
    """Take the time and new ids from it, in this task and in those that it starts."""
    _timepiece.set(timepiece)


def monotonic() -> float:
    """Seconds on a clock that only rises."""
    given = _timepiece.get()
    return time.monotonic() if given is None else given.monotonic()  # noqa: TID251  # here


def now() -> datetime:
    """The present moment, UTC."""
    given = _timepiece.get()
    return datetime.fromtimestamp(time.time() if given is None else given.time(), UTC)


def new_id() -> str:
    """A UUIDv7 (RFC 9562): rising in the order of making."""
    given = _timepiece.get()
    return str(uuid_utils.compat.uuid7()) if given is None else given.new_id()


def rfc3339(at: datetime) -> str:
    """A UTC time as the contract writes it, with milliseconds and `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
