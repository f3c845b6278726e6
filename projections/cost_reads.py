"""What analysts read of the costs: sums, series and lines whose totals agree to the last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from application.ports.facts.event_store import ReadableLog
from application.reconciliation.what_if import CachedAnswers, Change, RecordedCall, WhatIf, WhatIfSums
from domain.ids import MAX_POSITION
from domain.usage import Usage
from projections.cost_entries import ms_of
from projections.cost_query import COLUMNS, CostFilter, entries, parameters, where
from projections.lag import lag_events
from projections.transactions import Pool, Row, reading, rows

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
NOTHING = Decimal(0)
PAGE = 5_000

SUMMARY = """
SELECT kind, model, family, price_version, bucket, sum(n)::bigint AS n, sum(turns)::bigint AS turns,
  sum(estimated)::bigint AS estimated_calls,
  sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
  sum(cache_read_tokens)::bigint AS cache_read_tokens, sum(cache_write_tokens)::bigint AS cache_write_tokens,
  sum(cost_usd) AS cost_usd, sum(estimated_usd) AS estimated_usd, sum(saved_usd) AS saved_usd
FROM {entries} GROUP BY kind, model, family, price_version, bucket"""
LATEST = "SELECT max(at) AS at FROM projections.cost_lines WHERE tenant = %(tenant)s"
SERIES = """
SELECT at, {key} AS key, {others} AS others, sum(n)::bigint AS calls,
  sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
  sum(cache_read_tokens)::bigint AS cache_read_tokens, sum(cache_write_tokens)::bigint AS cache_write_tokens,
  sum(cost_usd) AS cost_usd, sum(estimated_usd) AS estimated_usd, sum(saved_usd) AS prompt_cache_saved_usd
FROM {entries} WHERE {which} GROUP BY 1, 2"""
# All together is summed without asking for keys, and what the dearest had is taken from it: sums by key are long.
DEAREST = """
WITH own AS ({own}), together AS ({together})
SELECT * FROM own
UNION ALL
SELECT at, '', true, t.calls - coalesce(o.calls, 0), t.input_tokens - coalesce(o.input_tokens, 0),
  t.output_tokens - coalesce(o.output_tokens, 0), t.cache_read_tokens - coalesce(o.cache_read_tokens, 0),
  t.cache_write_tokens - coalesce(o.cache_write_tokens, 0), t.cost_usd - coalesce(o.cost_usd, 0),
  t.estimated_usd - coalesce(o.estimated_usd, 0), t.prompt_cache_saved_usd - coalesce(o.prompt_cache_saved_usd, 0)
FROM together t LEFT JOIN (
  SELECT at, sum(calls)::bigint AS calls, sum(input_tokens)::bigint AS input_tokens,
    sum(output_tokens)::bigint AS output_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
    sum(cache_write_tokens)::bigint AS cache_write_tokens, sum(cost_usd) AS cost_usd,
    sum(estimated_usd) AS estimated_usd, sum(prompt_cache_saved_usd) AS prompt_cache_saved_usd
  FROM own GROUP BY at) o USING (at)
WHERE t.calls > coalesce(o.calls, 0)"""
OF_DEAREST = """
{key} = ANY (ARRAY(SELECT {key} FROM {entries} GROUP BY 1 ORDER BY sum(cost_usd) DESC, 1 LIMIT {top}))"""
POINTS = """
SELECT * FROM ({points}) AS points
WHERE (at, others, key) > ({at}, {others}, {key}) ORDER BY at, others, key LIMIT {limit}"""
TOTAL = "SELECT sum(cost_usd) AS total_usd FROM {entries}"
LINES = """
SELECT position, call_id, at, session_id, turn_id, user_id AS user, source, assistant, step, model, family,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
  cost_usd, prompt_cache_saved_usd, price_version, estimated, failure,
  corrected, corrected_at, correction_reason, replaced_input_tokens, replaced_output_tokens, replaced_usd
FROM projections.cost_lines WHERE {where} AND {further} LIMIT %(limit)s"""
OLDEST = SQL("position > %(after)s ORDER BY position")
NEWEST = SQL("position < %(after)s ORDER BY position DESC")


Point = tuple[datetime, bool, str]
"""A place among the points of a series: when, whether it is of all others together, and of whom."""
FIRST: Point = (datetime(1, 1, 1, tzinfo=UTC), False, "")
MOST_POINTS = 10_000


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Sums per interval (`hour` or `day`, UTC) and group (a key of COLUMNS). With `top` only that many keys, the
    dearest of the whole range, have points of their own; the rest are one an interval, which says `others`."""

    wanted: CostFilter
    group: str
    interval: str
    top: int | None = None


class CostReads:
    """Queries on the live generation of `costs`, each seeing one tenant. `by_sums` says whether the sums by the hour
    are used; without them everything is added up from lines, with the same result."""

    def __init__(self, pool: Pool, store: ReadableLog, *, by_sums: bool = True) -> None:
        self._pool, self._store, self._by_sums = pool, store, by_sums

    async def summary(self, tenant: str, wanted: CostFilter) -> Row:
        """Totals of a range of time, by model. What turns and caches say is None under a filter by model, family or
        step, which they do not know."""
        async with reading(self._pool, tenant) as connection:
            query = SQL(SUMMARY).format(entries=entries(wanted, by_sums=self._by_sums))
            sums = await rows(connection, query, parameters(tenant, wanted))
            latest = (await rows(connection, LATEST, {"tenant": tenant}))[0]["at"]
        calls = [row for row in sums if row["kind"] == "call"]
        marks = None if wanted.by_call else [row for row in sums if row["kind"] != "call"]
        return {
            "currency": "USD",
            "from": wanted.since,
            "to": wanted.until,
            "total_usd": _total(calls, "cost_usd"),
            "estimated_usd": _total(calls, "estimated_usd"),
            "calls": sum(row["n"] for row in calls),
            "estimated_calls": sum(row["estimated_calls"] for row in calls),
            **turns_and_caches(marks, _total(calls, "saved_usd")),
            "models": by_model(calls),
            "price_versions": sorted({row["price_version"] for row in calls} - {""}),
            "as_of": latest,
            "lag_events": (await lag_events(self._pool, self._store)).get("costs", 0),
        }

    async def series(
        self, tenant: str, asked: Series, *, after: Point = FIRST, limit: int = MOST_POINTS
    ) -> tuple[list[Row], Decimal, Point | None]:
        """A page of sums per interval and group, in their order after a point; what all of them come to, whatever is on
        the page; and the point after which there are more."""
        async with reading(self._pool, tenant) as connection:
            at, others, key = after
            query = SQL(POINTS).format(points=self._points(asked), at=at, others=others, key=key, limit=limit + 1)
            found = await rows(connection, query, parameters(tenant, asked.wanted))
            every = entries(asked.wanted, calls_only=True, by_sums=self._by_sums)  # fewer rows than the points have
            total = (await rows(connection, SQL(TOTAL).format(entries=every), parameters(tenant, asked.wanted)))[0]
        shown = found[:limit]
        more = (shown[-1]["at"], shown[-1]["others"], shown[-1]["key"]) if len(found) > limit else None
        return shown, total["total_usd"] or NOTHING, more

    def _points(self, asked: Series) -> Composed:
        column, by_sums = Identifier(COLUMNS[asked.group]), self._by_sums

        def points(key: Composable, group: str, which: Composable, *, others: bool = False) -> Composed:
            within = entries(asked.wanted, group=group, interval=asked.interval, calls_only=True, by_sums=by_sums)
            return SQL(SERIES).format(key=key, entries=within, which=which, others=others)

        if asked.top is None:
            return points(column, asked.group, SQL("true"))
        every = entries(asked.wanted, group=asked.group, calls_only=True, by_sums=by_sums)
        dearest = SQL(OF_DEAREST).format(key=column, entries=every, top=asked.top)
        own = points(column, asked.group, dearest)
        return SQL(DEAREST).format(own=own, together=points(Literal(""), "", SQL("true"), others=True))

    async def what_if(self, tenant: str, wanted: CostFilter, change: Change) -> WhatIfSums:
        """What the calls asked for would have cost otherwise (see `application.reconciliation.what_if`)."""
        reckoning, after = WhatIf(change), 0
        while page := await self.lines(tenant, wanted, after, PAGE):
            for line in page:
                reckoning.add(_recorded(line))
            after = page[-1]["position"]
        cache = (await self.summary(tenant, wanted))["cache"]
        if cache["exact_hits"] is None:  # under a filter by model, family or step: which answers are meant is not known
            return reckoning.outcome(CachedAnswers())
        hits, saved = (cache[f"exact_{what}"] + cache[f"semantic_{what}"] for what in ("hits", "saved_usd"))
        return reckoning.outcome(CachedAnswers(hits, saved))

    async def lines(
        self, tenant: str, wanted: CostFilter, after: int, limit: int, *, newest: bool = False
    ) -> list[Row]:
        """A line a call, in the order of the log after a position; or the newest first, before one (0: all)."""
        after = after or (MAX_POSITION if newest else 0)
        async with reading(self._pool, tenant) as connection:
            further = NEWEST if newest else OLDEST
            query = SQL(LINES).format(where=where(wanted, "at", wanted.since, wanted.until), further=further)
            return await rows(connection, query, {**parameters(tenant, wanted), "after": after, "limit": limit})


def _recorded(line: Row) -> RecordedCall:
    counts = {name: line[name] for name in (*TOKENS, "cache_write_1h_tokens")}
    return RecordedCall(step=line["step"], model=line["model"], usage=Usage(**counts), cost_usd=line["cost_usd"])


def by_model(calls: Sequence[Row]) -> list[Row]:
    """Sums of calls by model, the dearest first."""
    models: dict[str, Row] = {}
    for row in calls:
        model = models.setdefault(
            row["model"],
            {"model": row["model"], "family": row["family"], "calls": 0, "estimated_calls": 0}
            | dict.fromkeys(TOKENS, 0)
            | {"cost_usd": NOTHING, "estimated_usd": NOTHING, "prompt_cache_saved_usd": NOTHING},
        )
        model["calls"] += row["n"]
        model["prompt_cache_saved_usd"] += row["saved_usd"]
        for name in ("estimated_calls", *TOKENS, "cost_usd", "estimated_usd"):
            model[name] += row[name]
    return sorted(models.values(), key=lambda model: (-model["cost_usd"], model["model"]))


def turns_and_caches(marks: Sequence[Row] | None, prompt_cache_saved: Decimal) -> Row:
    """How many turns there were, what the caches gave, how often another model went on, and how soon answers began."""
    cache = {"prompt_cache_saved_usd": prompt_cache_saved}
    names = ("exact_hits", "semantic_hits", "misses", "exact_saved_usd", "semantic_saved_usd")
    if marks is None:
        unknown = dict.fromkeys(("saved_usd", "turns", "failovers", "first_token_ms"))
        return {**unknown, "cache": {**dict.fromkeys(names), **cache}}
    count: Counter[str] = Counter()
    turns: Counter[str] = Counter()
    saved: dict[str, Decimal] = {}
    for row in marks:
        count[row["kind"]] += row["n"]
        turns[row["kind"]] += row["turns"]
        saved[row["kind"]] = saved.get(row["kind"], NOTHING) + row["saved_usd"]
    values = (count["exact"], count["semantic"], count["miss"], saved.get("exact", NOTHING))
    share = turns["failover"] / count["turn"] if count["turn"] else 0.0
    return {
        "saved_usd": sum((saved[kind] for kind in saved if kind != "first_token"), NOTHING),
        "turns": count["turn"],
        "cache": {**dict(zip(names, (*values, saved.get("semantic", NOTHING)), strict=True)), **cache},
        "failovers": {"count": count["failover"], "turns": turns["failover"], "share": round(share, 6)},
        "first_token_ms": _first_token([(row["bucket"], row["n"]) for row in marks if row["bucket"]]),
    }


def _first_token(buckets: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """The median time to a first token, to about three percent, and of how many answers."""
    answers, seen = sum(n for _, n in buckets), 0
    for bucket, n in sorted(buckets):
        seen += n
        if 2 * seen >= answers:
            return {"p50": ms_of(bucket), "answers": answers}
    return {"p50": None, "answers": 0}


def _total(sums: Sequence[Row], name: str) -> Decimal:
    return sum((row[name] for row in sums), NOTHING)
