"""What analysts read of the costs: sums, series and lines whose totals agree to the last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from psycopg.sql import SQL, Identifier

from application.ports.event_store import ReadableLog
from application.reconciliation.what_if import CachedAnswers, Change, Outcome, RecordedCall, WhatIf
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
SELECT date_trunc({interval}, at, 'UTC') AS at, {group} AS key, sum(n)::bigint AS calls,
  sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
  sum(cache_read_tokens)::bigint AS cache_read_tokens, sum(cache_write_tokens)::bigint AS cache_write_tokens,
  sum(cost_usd) AS cost_usd, sum(estimated_usd) AS estimated_usd, sum(saved_usd) AS prompt_cache_saved_usd
FROM {entries} GROUP BY 1, 2 ORDER BY 1, 2"""
DEAREST = """
WITH points AS ({points}),
  dearest AS (SELECT key FROM points GROUP BY key ORDER BY sum(cost_usd) DESC, key LIMIT {top})
SELECT *, false AS others FROM points WHERE key IN (SELECT key FROM dearest)
UNION ALL
SELECT at, '', sum(calls)::bigint, sum(input_tokens)::bigint, sum(output_tokens)::bigint,
  sum(cache_read_tokens)::bigint, sum(cache_write_tokens)::bigint,
  sum(cost_usd), sum(estimated_usd), sum(prompt_cache_saved_usd), true
FROM points WHERE key NOT IN (SELECT key FROM dearest) GROUP BY at
ORDER BY at, others, key"""
LINES = """
SELECT position, call_id, at, session_id, turn_id, user_id AS user, source, step, model, family,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
  cost_usd, prompt_cache_saved_usd, price_version, estimated, failure,
  corrected, corrected_at, correction_reason, replaced_input_tokens, replaced_output_tokens, replaced_usd
FROM projections.cost_lines WHERE {where} AND {further} LIMIT %(limit)s"""
LAST = 2**62
OLDEST = SQL("position > %(after)s ORDER BY position")
NEWEST = SQL("position < %(after)s ORDER BY position DESC")


class CostReads:
    """Queries on the live generation of `costs`, each seeing one tenant. `by_hours` says whether the sums by the hour
    are used; without them everything is added up from lines, with the same result."""

    def __init__(self, pool: Pool, store: ReadableLog, *, by_hours: bool = True) -> None:
        self._pool, self._store, self._by_hours = pool, store, by_hours

    async def summary(self, tenant: str, wanted: CostFilter) -> Row:
        """Totals of a range of time, by model. What turns and caches say is None under a filter by model, family or
        step, which they do not know."""
        async with reading(self._pool, tenant) as connection:
            query = SQL(SUMMARY).format(entries=entries(wanted, by_hours=self._by_hours))
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
        self, tenant: str, group: str, interval: str, wanted: CostFilter, top: int | None = None
    ) -> list[Row]:
        """Sums per interval (`hour` or `day`, UTC) and group (a key of COLUMNS). With `top` only that many keys, the
        dearest of the whole range, have rows of their own; the rest are one row an interval, which says `others`."""
        async with reading(self._pool, tenant) as connection:
            found = entries(wanted, group=group, calls_only=True, by_hours=self._by_hours)
            query = SQL(SERIES).format(group=Identifier(COLUMNS[group]), interval=interval, entries=found)
            if top is not None:
                query = SQL(DEAREST).format(points=query, top=top)
            return await rows(connection, query, parameters(tenant, wanted))

    async def what_if(self, tenant: str, wanted: CostFilter, change: Change) -> Outcome:
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
        after = after or (LAST if newest else 0)
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
