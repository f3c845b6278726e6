"""The one query behind every sum of the costs: sums by the day and the hour where whole ones are asked for, lines at
the edges."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from psycopg.sql import SQL, Composed, Identifier, Literal, Placeholder

from projections.cost_rollups import (
    ASSISTANT_HOURS,
    DAY,
    HOUR,
    HOURS,
    SESSION_DAYS,
    USER_ASSISTANT_HOURS,
    USER_DAYS,
    USER_HOURS,
    Rollup,
    begin_of,
)


class CostFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which costs are asked for: `since <= at < until`, and each part that is not empty. `user` is a pseudonym.
    What is of the `hidden` assistants does not count."""

    since: datetime
    until: datetime
    model: str = ""
    family: str = ""
    step: str = ""
    user: str = ""
    session: str = ""
    source: str = ""
    assistant: str = ""
    hidden: tuple[str, ...] = ()

    @property
    def by_call(self) -> bool:
        """Whether it asks for what calls alone have: turns and answers of caches know no model and no step."""
        return bool(self.model or self.family or self.step)


COLUMNS = {
    "model": "model", "family": "family", "step": "step", "user": "user_id", "session": "session_id",
    "source": "source", "assistant": "assistant",
}  # fmt: skip
"""What costs can be narrowed and grouped by, and the column of each."""
SPANS = {"hour": HOUR, "day": DAY}
SHAPE = """
at, kind, source, assistant, model, family, step, user_id, session_id, price_version, bucket, n, turns, estimated,
input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, estimated_usd, saved_usd"""
FROM_LINES = """
SELECT {at}, 'call', source, assistant, model, family, step, user_id, session_id, price_version, 0, 1, 0,
  estimated::int, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
  cost_usd, CASE WHEN estimated THEN cost_usd ELSE 0 END, prompt_cache_saved_usd
FROM projections.cost_lines WHERE {where}"""
FROM_FIRST_TOKENS = """
SELECT {at}, 'first_token', source, assistant, '', '', '', user_id, session_id, '', first_token, 1, 0, 0, 0, 0, 0, 0,
  0, 0, 0
FROM projections.cost_lines WHERE first_token > 0 AND {where}"""
FROM_MARKS = """
SELECT {at}, kind, source, assistant, '', '', '', user_id, session_id, '', 0, 1, turns, 0, 0, 0, 0, 0, 0, 0, saved_usd
FROM projections.cost_marks WHERE {where}"""
FROM_SUMS = """
SELECT {at}, kind, source, assistant, model, family, step, user_id, session_id, price_version, bucket, n, turns,
  estimated, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, estimated_usd, saved_usd
FROM projections.{sums} WHERE {where}"""


def entries(
    wanted: CostFilter, *, group: str = "", interval: str = "day", calls_only: bool = False, by_sums: bool = True
) -> Composed:
    """A subquery of everything that counts, in one shape (see `cost_rollups`), whole days and hours as their sums.
    `group` is what it will be grouped by, `interval` what of (`hour` or `day`)."""
    calls_only = calls_only or wanted.by_call
    ways = _ways(wanted, group, interval, calls_only) if by_sums else []
    parts = _Parts(wanted, interval, calls_only).between(wanted.since, wanted.until, ways)
    return SQL("({parts}) AS entries ({columns})").format(parts=SQL(" UNION ALL ").join(parts), columns=SQL(SHAPE))


def parameters(tenant: str, wanted: CostFilter) -> dict[str, Any]:
    """What the conditions of `entries` and `where` name."""
    return {"tenant": tenant, "hidden": list(wanted.hidden), **{name: getattr(wanted, name) for name in COLUMNS}}


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
    if wanted.hidden:
        conditions.append(SQL("{} <> ALL ({})").format(Identifier("assistant"), Placeholder("hidden")))
    return SQL(" AND ").join(conditions)


def _ways(wanted: CostFilter, group: str, interval: str, calls_only: bool) -> list[Rollup]:
    """The sums that know what is asked for, the longest first. One session has so few lines that they are read."""
    if wanted.session:
        return []
    if group == "session":
        return [SESSION_DAYS] if calls_only and interval == "day" and not wanted.by_call else []
    by_assistant = bool(group == "assistant" or wanted.assistant or wanted.hidden)
    if group != "user" and not wanted.user:
        return [ASSISTANT_HOURS if by_assistant else HOURS]
    if by_assistant:
        return [USER_ASSISTANT_HOURS]
    return [USER_DAYS, USER_HOURS] if calls_only and interval == "day" else [USER_HOURS]


class _Parts(msgspec.Struct, frozen=True):
    """What an answer is put together of: `at` is the beginning of the interval that something counts in."""

    wanted: CostFilter
    interval: str
    calls_only: bool

    def between(self, since: datetime, until: datetime, ways: list[Rollup]) -> list[Composed]:
        """What counts between two moments: whole spans by the first of the ways, the edges by those after it, or by
        lines; where there is nothing between them, a query that finds nothing."""
        if not ways:
            tables = [FROM_LINES] if self.calls_only else [FROM_LINES, FROM_FIRST_TOKENS, FROM_MARKS]
            condition = where(self.wanted, "at", since, until)
            return [SQL(table).format(at=self._begin("at"), where=condition) for table in tables]
        sums, *shorter = ways
        begin = begin_of(sums.span, since)
        first, last = begin if begin == since else begin + sums.span, begin_of(sums.span, until)
        if first >= last:
            return self.between(since, until, shorter)
        before = self.between(since, first, shorter) if since < first else []
        after = self.between(last, until, shorter) if last < until else []
        return [*before, self._from_sums(sums, first, last), *after]

    def _from_sums(self, sums: Rollup, since: datetime, until: datetime) -> Composed:
        condition = where(self.wanted, "since", since, until)
        if self.calls_only and not sums.calls_only:
            condition += SQL(" AND kind = 'call'")
        at = SQL("since") if sums.span >= SPANS[self.interval] else self._begin("since")
        return SQL(FROM_SUMS).format(at=at, sums=Identifier(sums.table), where=condition)

    def _begin(self, column: str) -> Composed:
        """Hours and days of UTC are of one length: cutting by it is a tenth of the work of asking the calendar."""
        return SQL("date_bin({span}, {column}, 'epoch'::timestamptz)").format(
            span=Literal(SPANS[self.interval]), column=Identifier(column)
        )
