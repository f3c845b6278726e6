"""What every list has in common: limits, opaque cursors, ranges of time."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from application.clock import now
from domain.ids import MAX_POSITION, is_id
from domain.refusals import InvalidCursor, InvalidRange

MOST = 1_000
PAGE_BYTES = 1024 * 1024
"""About so much is on a page, whatever its limit: a page goes on at `next`."""


T = TypeVar("T")
_point = msgspec.json.Decoder(tuple[datetime, bool, str])


class ListPage(Generic[T]):
    """Items of a list that comes in order, after the id `after`: at most `limit`, and about `PAGE_BYTES` of them."""

    def __init__(self, *, after: str | None, limit: int) -> None:
        self._after, self._limit, self._room = after, limit, PAGE_BYTES
        self.items: list[msgspec.Raw] = []
        self.next: str | None = None
        self._last = ""

    def take(self, id: str, show: Callable[[T], object], item: T) -> None:
        """The next item of the list, shown if it is on this page."""
        if self.next or (self._after is not None and id <= self._after):
            return
        if len(self.items) == self._limit or (self.items and self._room <= 0):
            self.next = self._last
            return
        shown = msgspec.json.encode(show(item))
        self._room -= len(shown)
        self.items.append(msgspec.Raw(shown))
        self._last = id


def checked_limit(limit: int) -> int:
    """1 to 1000; InvalidRange otherwise."""
    if not 1 <= limit <= MOST:
        raise InvalidRange(f"limit: 1 to {MOST}")
    return limit


def id_cursor(cursor: str | None) -> str | None:
    """A cursor that is the id of the last item given; InvalidCursor when it is none."""
    if cursor is not None and not is_id(cursor):
        raise InvalidCursor
    return cursor


def stretch_cursor(after: str | None, until: str | None) -> str:
    """A cursor of a list that ends before an item: after which id to go on, and which one is not in it."""
    return f"{after or ''}.{until or ''}"


def read_stretch_cursor(cursor: str | None) -> tuple[str | None, str | None]:
    """The ids after which to go on, and before which to end; a bare id is the first of them. InvalidCursor."""
    after, dot, until = (cursor or "").partition(".")
    if cursor is not None and not (after or dot):
        raise InvalidCursor
    return id_cursor(after or None), id_cursor(until or None)


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
    if not 0 <= position < MAX_POSITION or position_cursor(position) != cursor:
        raise InvalidCursor
    return position


def read_stretch(cursor: str) -> tuple[int, int]:
    """A cursor of a list that grows while it is read: after which place to go on, and where it ended at first."""
    after, _, upto = cursor.partition(".")
    return read_position(after), read_position(upto)


def point_cursor(at: datetime, others: bool, key: str) -> str:
    """A cursor for a place among the points of a series."""
    return urlsafe_b64encode(msgspec.json.encode((at, others, key))).decode().rstrip("=")


def read_point(cursor: str) -> tuple[datetime, bool, str]:
    """The place that a cursor names; InvalidCursor when it is none of ours."""
    try:
        at, others, key = _point.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.MsgspecError):
        raise InvalidCursor from None
    if at.tzinfo is None or "\0" in key or point_cursor(at, others, key) != cursor:
        raise InvalidCursor
    return at, others, key


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
