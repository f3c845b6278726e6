"""What every list has in common: limits, opaque cursors, ranges of time."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from application.clock import now
from domain.refusals import InvalidCursor, InvalidRange

MOST = 1_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def checked_limit(limit: int) -> int:
    """1 to 1000; InvalidRange otherwise."""
    if not 1 <= limit <= MOST:
        raise InvalidRange(f"limit: 1 to {MOST}")
    return limit


def id_cursor(cursor: str | None) -> str | None:
    """A cursor that is the id of the last item given; InvalidCursor when it is none."""
    if cursor is not None and not _UUID.fullmatch(cursor):
        raise InvalidCursor
    return cursor


def position_cursor(position: int) -> str:
    """A cursor for a place in the log."""
    return urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def read_position(cursor: str | None) -> int:
    """The place that a cursor names; 0 without one; InvalidCursor when it is none of ours."""
    if cursor is None:
        return 0
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if not text.startswith("p"):
            raise InvalidCursor
        position = int(text[1:])
    except ValueError:
        raise InvalidCursor from None
    if not 0 <= position < 2**62 or position_cursor(position) != cursor:
        raise InvalidCursor
    return position


def read_stretch(cursor: str) -> tuple[int, int]:
    """A cursor of a list that grows while it is read: after which place to go on, and where it ended at first."""
    after, _, upto = cursor.partition(".")
    return read_position(after), read_position(upto)


def checked_range(since: str | None, until: str | None) -> tuple[datetime, datetime]:
    """RFC 3339 times to a half-open range; the current month by default; InvalidRange when they are none."""
    present = now()
    begin = _time(since) if since else present.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if until:
        return begin, _later(begin, _time(until))
    month = present.month
    end = present.replace(year=present.year + month // 12, month=month % 12 + 1, day=1)
    return begin, max(begin, end.replace(hour=0, minute=0, second=0, microsecond=0))


def _time(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise InvalidRange(f"{text[:40]!r} is not an RFC 3339 time.") from None
    if not 1970 <= parsed.year <= 9000:
        raise InvalidRange("The time is out of bounds.")
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _later(begin: datetime, end: datetime) -> datetime:
    if end < begin:
        raise InvalidRange("`to` is before `from`.")
    return end
