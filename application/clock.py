"""The time and new ids, asked for here and nowhere else outside adapters."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import uuid_utils.compat

Seconds = Callable[[], float]
"""A clock that only rises, for how long ago something was; from when it counts is of no account."""
Moment = Callable[[], datetime]
"""What time it is, UTC."""

monotonic: Seconds = time.monotonic  # noqa: TID251  # here


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def new_id() -> str:
    """A UUIDv7 (RFC 9562): rising in the order of making."""
    return str(uuid_utils.compat.uuid7())


def rfc3339(at: datetime) -> str:
    """A UTC time as the contract writes it, with milliseconds and `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
