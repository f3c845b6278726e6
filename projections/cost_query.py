"""The one query behind every sum of the costs: sums by the hour where whole hours are asked for, lines at the edges."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg.sql import SQL, Composed, Identifier, Literal, Placeholder

from projections.cost_rollups import HOURS, USER_HOURS, hour_of


class CostFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which costs are asked for: `since <= at < until`, and each part that is not empty. `user` is a pseudonym."""

    since: datetime
    until: datetime
    model: str = ""
    family: str = ""
    step: str = ""
    user: str = ""
    session: str = ""
    source: str = ""

    @property
    def by_call(self) -> bool:
        """Whether it asks for what calls alone have: turns and answers of caches know no model and no step."""
        return bool(self.model or self.family or self.step)


COLUMNS = {
    "model": "model", "family": "family", "step": "step", "user": "user_id", "session": "session_id", "source": "source"
}  # fmt: skip
"""What costs can be narrowed and grouped by, and the column of each."""
SHAPE = """
at, kind, source, model, family, step, user_id, session_id, price_version, bucket, n, turns, estimated,
input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, estimated_usd, saved_usd"""
FROM_LINES = """
SELECT at, 'call', source, model, family, step, user_id, session_id, price_version, 0, 1, 0, estimated::int,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
  cost_usd, CASE WHEN estimated THEN cost_usd ELSE 0 END, prompt_cache_saved_usd
FROM projections.cost_lines WHERE {where}"""
FROM_FIRST_TOKENS = """
SELECT at, 'first_token', source, '', '', '', user_id, session_id, '', first_token, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM projections.cost_lines WHERE first_token > 0 AND {where}"""
FROM_MARKS = """
SELECT at, kind, source, '', '', '', user_id, session_id, '', 0, 1, turns, 0, 0, 0, 0, 0, 0, 0, saved_usd
FROM projections.cost_marks WHERE {where}"""
FROM_HOURS = """
SELECT hour, kind, source, model, family, step, user_id, '', price_version, bucket, n, turns, estimated,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, estimated_usd, saved_usd
FROM projections.{hours} WHERE {where}"""


def entries(wanted: CostFilter, *, group: str = "", calls_only: bool = False, by_hours: bool = True) -> Composed:
    """A subquery of everything that counts, in one shape (see `cost_rollups`), whole hours as their sums. `group` is
    what it will be grouped by."""
    calls_only = calls_only or wanted.by_call
    first, last = whole_hours(wanted)
    if not by_hours or wanted.session or group == "session" or first >= last:  # sums do not know sessions
        parts = _from_lines(wanted, wanted.since, wanted.until, calls_only)
    else:
        parts = [
            *_from_lines(wanted, wanted.since, first, calls_only),
            _from_hours(wanted, first, last, calls_only, by_user=bool(wanted.user) or group == "user"),
            *_from_lines(wanted, last, wanted.until, calls_only),
        ]
    return SQL("({parts}) AS entries ({columns})").format(parts=SQL(" UNION ALL ").join(parts), columns=SQL(SHAPE))


def parameters(tenant: str, wanted: CostFilter) -> dict[str, Any]:
    """What the conditions of `entries` and `where` name."""
    return {"tenant": tenant, **{name: getattr(wanted, name) for name in COLUMNS}}


def whole_hours(wanted: CostFilter) -> tuple[datetime, datetime]:
    """From when until when whole hours are asked for; none when the second is not later."""
    begin = hour_of(wanted.since)
    return begin if begin == wanted.since else begin + timedelta(hours=1), hour_of(wanted.until)


def where(wanted: CostFilter, time: str, since: datetime, until: datetime) -> Composed:
    """The condition on a tenant's rows by their column of time and by each part of the filter."""
    conditions = [
        SQL("tenant = %(tenant)s AND {time} >= {since} AND {time} < {until}").format(
            time=Identifier(time), since=Literal(since), until=Literal(until)
        )
    ]
    for name, column in COLUMNS.items():
        if getattr(wanted, name):
            conditions.append(SQL("{} = {}").format(Identifier(column), Placeholder(name)))
    return SQL(" AND ").join(conditions)


def _from_lines(wanted: CostFilter, since: datetime, until: datetime, calls_only: bool) -> list[Composed]:
    if since >= until and (wanted.since, wanted.until) != (since, until):
        return []
    tables = [FROM_LINES] if calls_only else [FROM_LINES, FROM_FIRST_TOKENS, FROM_MARKS]
    return [SQL(table).format(where=where(wanted, "at", since, until)) for table in tables]


def _from_hours(wanted: CostFilter, since: datetime, until: datetime, calls_only: bool, *, by_user: bool) -> Composed:
    condition = where(wanted, "hour", since, until)
    if calls_only:
        condition += SQL(" AND kind = 'call'")
    return SQL(FROM_HOURS).format(hours=Identifier(USER_HOURS if by_user else HOURS), where=condition)
