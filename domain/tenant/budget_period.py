"""The periods of a budget: calendar days and months in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal


def period_at(kind: Literal["day", "month"], at: datetime) -> tuple[datetime, datetime]:
    """The period that `at` (UTC) lies in: its beginning, and the beginning of the next."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "day":
        return day, day + timedelta(days=1)
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)
