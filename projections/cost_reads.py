"""What analysts read of the costs: sums, series and lines whose totals agree to the last digit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.sql import SQL, Identifier

from application.ports.event_store import EventStore
from projections.lag import lag_events
from projections.transactions import Pool, Row, reading, rows

GROUPS = {"model": "model", "step": "step", "user": "user_id", "session": "session_id"}

MODELS = """
SELECT model, family, count(*) AS calls, count(*) FILTER (WHERE estimated) AS estimated_calls,
  sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
  sum(cache_read_tokens)::bigint AS cache_read_tokens, sum(cache_write_tokens)::bigint AS cache_write_tokens,
  sum(cost_usd) AS cost_usd
FROM projections.cost_lines WHERE tenant = %(tenant)s AND at >= %(since)s AND at < %(until)s
GROUP BY model, family ORDER BY cost_usd DESC, model"""
MARKS = """
SELECT kind, count(*) AS n, sum(saved_usd) AS saved FROM projections.cost_marks
WHERE tenant = %(tenant)s AND at >= %(since)s AND at < %(until)s GROUP BY kind"""
LATEST = "SELECT max(at) AS at FROM projections.cost_lines WHERE tenant = %(tenant)s"
SERIES = """
SELECT date_trunc({interval}, at, 'UTC') AS at, {group} AS key, count(*) AS calls,
  sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
  sum(cache_read_tokens)::bigint AS cache_read_tokens, sum(cache_write_tokens)::bigint AS cache_write_tokens,
  sum(cost_usd) AS cost_usd
FROM projections.cost_lines WHERE tenant = %(tenant)s AND at >= %(since)s AND at < %(until)s
GROUP BY 1, 2 ORDER BY 1, 2"""
LINES = """
SELECT position, call_id, at, session_id, turn_id, user_id AS user, step, model, family, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, cost_usd, price_version, estimated, failure, corrected
FROM projections.cost_lines
WHERE tenant = %(tenant)s AND at >= %(since)s AND at < %(until)s AND position > %(after)s
ORDER BY position LIMIT %(limit)s"""


class CostReads:
    """Queries on the live generation of `costs`, each seeing one tenant."""

    def __init__(self, pool: Pool, store: EventStore) -> None:
        self._pool, self._store = pool, store

    async def summary(self, tenant: str, since: datetime, until: datetime) -> Row:
        """Totals of a range of time, by model."""
        asked = {"tenant": tenant, "since": since, "until": until}
        async with reading(self._pool, tenant) as connection:
            models = await rows(connection, MODELS, asked)
            marks = {row["kind"]: row for row in await rows(connection, MARKS, asked)}
            latest = (await rows(connection, LATEST, asked))[0]["at"]

        def count(kind: str) -> int:
            return int(marks[kind]["n"]) if kind in marks else 0

        return {
            "currency": "USD",
            "total_usd": sum((row["cost_usd"] for row in models), Decimal(0)),
            "saved_usd": sum((row["saved"] for row in marks.values()), Decimal(0)),
            "turns": count("turn"),
            "calls": sum(row["calls"] for row in models),
            "cache": {
                "exact_hits": count("exact"),
                "semantic_hits": count("semantic"),
                "misses": count("miss"),
            },
            "models": models,
            "as_of": latest,
            "lag_events": (await lag_events(self._pool, self._store)).get("costs", 0),
        }

    async def series(self, tenant: str, group: str, interval: str, since: datetime, until: datetime) -> list[Row]:
        """Sums per interval (`hour` or `day`, UTC) and group (a key of GROUPS)."""
        query = SQL(SERIES).format(group=Identifier(GROUPS[group]), interval=interval)
        async with reading(self._pool, tenant) as connection:
            return await rows(connection, query, {"tenant": tenant, "since": since, "until": until})

    async def lines(self, tenant: str, since: datetime, until: datetime, after: int, limit: int) -> list[Row]:
        """A line a call, in the order of the log, after a position."""
        asked: dict[str, Any] = {"tenant": tenant, "since": since, "until": until, "after": after, "limit": limit}
        async with reading(self._pool, tenant) as connection:
            return await rows(connection, LINES, asked)
