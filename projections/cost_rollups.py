"""The costs by the hour and by the day: sums over lines and marks that change with them, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from projections.cost_entries import Entry
from projections.transactions import Connection

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """A table of sums: over how long, whether each user, assistant, session, and each step and model has its own, and
    whether over calls alone."""

    table: str
    span: timedelta
    users: bool = False
    assistants: bool = False
    models: bool = True
    sessions: bool = False
    calls_only: bool = False
    indexes: tuple[tuple[str, ...], ...] = ()


HOURS = Rollup(table="cost_hours", span=HOUR)
ASSISTANT_HOURS = Rollup(table="cost_assistant_hours", span=HOUR, assistants=True)
OF_A_USER = (("tenant", "user_id", "kind", "since"),)
USER_HOURS = Rollup(table="cost_user_hours", span=HOUR, users=True, indexes=OF_A_USER)
USER_ASSISTANT_HOURS = Rollup(
    table="cost_user_assistant_hours", span=HOUR, users=True, assistants=True, indexes=OF_A_USER
)
USER_DAYS = Rollup(table="cost_user_days", span=DAY, users=True, calls_only=True)
SESSION_DAYS = Rollup(
    table="cost_session_days", span=DAY, users=True, assistants=True, sessions=True, models=False, calls_only=True,
    indexes=(("tenant", "session_id"),),
)  # fmt: skip
ROLLUPS = (HOURS, ASSISTANT_HOURS, USER_HOURS, USER_ASSISTANT_HOURS, USER_DAYS, SESSION_DAYS)
KEY = (
    "tenant", "since", "session_id", "user_id", "kind", "source", "assistant", "model", "family", "step",
    "price_version", "bucket",
)  # fmt: skip
MEASURES = (
    "n", "turns", "estimated", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
    "cost_usd", "estimated_usd", "saved_usd",
)  # fmt: skip
NO_NAMES = ("", "", "", "", 0)
"""Of model, family, step, price version and bucket."""
Key = tuple[Any, ...]
Deltas = dict[Key, list[Any]]

# What is summed has one shape: a settled call is of the kind `call` (saved by the prompt cache), a mark of its own
# kind, the time of a first token `first_token` of its bucket. Users and assistants have their own sums beside those of
# all: most who ask name neither, and each that is told apart makes a table so many times as long. A session talks to
# one assistant; of sessions there are so many that a day of each is one row.
COLUMNS = """
  tenant text NOT NULL, since timestamptz NOT NULL, session_id text NOT NULL, user_id text NOT NULL,
  kind text NOT NULL, source text NOT NULL, assistant text NOT NULL, model text NOT NULL, family text NOT NULL,
  step text NOT NULL, price_version text NOT NULL, bucket int NOT NULL,
  n bigint NOT NULL, turns bigint NOT NULL, estimated bigint NOT NULL,
  input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
  cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL,
  cost_usd numeric NOT NULL, estimated_usd numeric NOT NULL, saved_usd numeric NOT NULL,
  PRIMARY KEY (
    tenant, since, session_id, user_id, kind, source, assistant, model, family, step, price_version, bucket)"""


# Equal sums are spelled alike, in whatever order they were added: nine decimal places, or as many as it takes.
ADD = """
INSERT INTO {table} AS old VALUES (
  %(tenant)s, %(since)s, %(session_id)s, %(user_id)s, %(kind)s, %(source)s, %(assistant)s, %(model)s,
  %(family)s, %(step)s, %(price_version)s, %(bucket)s, %(n)s, %(turns)s, %(estimated)s,
  %(input_tokens)s, %(output_tokens)s, %(cache_read_tokens)s, %(cache_write_tokens)s,
  trim_scale(%(cost_usd)s::numeric) + 0.000000000, trim_scale(%(estimated_usd)s::numeric) + 0.000000000,
  trim_scale(%(saved_usd)s::numeric) + 0.000000000)
ON CONFLICT (tenant, since, session_id, user_id, kind, source, assistant, model, family, step, price_version, bucket)
DO UPDATE SET
  n = old.n + excluded.n, turns = old.turns + excluded.turns, estimated = old.estimated + excluded.estimated,
  input_tokens = old.input_tokens + excluded.input_tokens, output_tokens = old.output_tokens + excluded.output_tokens,
  cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
  cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
  cost_usd = trim_scale(old.cost_usd + excluded.cost_usd) + 0.000000000,
  estimated_usd = trim_scale(old.estimated_usd + excluded.estimated_usd) + 0.000000000,
  saved_usd = trim_scale(old.saved_usd + excluded.saved_usd) + 0.000000000"""
CLEAR = """
DELETE FROM {table} WHERE tenant = %(tenant)s AND since = %(since)s AND session_id = %(session_id)s
  AND user_id = %(user_id)s AND kind = %(kind)s AND source = %(source)s
  AND assistant = %(assistant)s AND model = %(model)s AND family = %(family)s
  AND step = %(step)s AND price_version = %(price_version)s AND bucket = %(bucket)s AND n = 0"""


def deltas_of(added: Iterable[Entry], taken: Iterable[Entry]) -> Deltas:
    """What lines and marks that come, and lines that go, change of the sums of each hour and session."""
    deltas: Deltas = {}
    for entries, sign in ((added, 1), (taken, -1)):
        for entry in entries:
            for key, values in _summed(entry):
                sums = deltas.setdefault(key, [0] * len(MEASURES))
                for place, value in enumerate(values):
                    sums[place] += sign * value
    return {key: sums for key, sums in deltas.items() if any(sums)}


async def add(connection: Connection, generation: int, deltas: Deltas) -> None:
    """Change the sums. Keys are taken in order, so that two lanes that change the same sums wait for each other and
    never for good."""
    for rollup in ROLLUPS:
        changed, table = sorted(_folded(deltas, rollup).items()), rollup.table
        ordered = [dict(zip((*KEY, *MEASURES), (*key, *sums), strict=True)) for key, sums in changed]
        gone = [row for row in ordered if row["n"] < 0]
        async with connection.cursor() as cursor:
            if ordered:
                await cursor.executemany(into(ADD, table, generation), ordered)
            if gone:
                await cursor.executemany(into(CLEAR, table, generation), gone)


def into(sql: str, table: str, generation: int) -> Composed:
    """A statement on a table of a generation."""
    return SQL(sql).format(table=Identifier("projections", f"{table}_{generation}"))


def begin_of(span: timedelta, at: datetime) -> datetime:
    """The beginning of the hour or the day (UTC) that a moment is in."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if span == HOUR else hour.replace(hour=0)


def _summed(entry: Entry) -> list[tuple[Key, Sequence[Any]]]:
    """The sums that a line or a mark is part of."""
    place = (entry["tenant"], begin_of(HOUR, entry["at"]), entry["session_id"], entry["user_id"])
    whence = (entry["source"], entry["assistant"])
    if "kind" in entry:
        saved = [0, 0, 0, 0, 0, 0, 0, entry["saved_usd"]]
        return [((*place, entry["kind"], *whence, *NO_NAMES), [1, entry["turns"], *saved])]
    estimated, cost = int(entry["estimated"]), entry["cost_usd"]
    tokens = [entry[name] for name in MEASURES[3:7]]
    names = [entry[name] for name in ("model", "family", "step", "price_version")]
    values = [1, 0, estimated, *tokens, cost, cost * estimated, entry["prompt_cache_saved_usd"]]
    summed: list[tuple[Key, Sequence[Any]]] = [((*place, "call", *whence, *names, 0), values)]
    if entry["first_token"]:
        timed = (*place, "first_token", *whence, *NO_NAMES[:-1], entry["first_token"])
        summed.append((timed, [1, *[0] * (len(MEASURES) - 1)]))
    return summed


def _folded(deltas: Deltas, rollup: Rollup) -> Deltas:
    """The same changes, as a table of sums has them."""
    whole: Deltas = {}
    for (tenant, hour, session, user, kind, source, assistant, *names), sums in deltas.items():
        if kind != "call" and rollup.calls_only:
            continue
        place = (tenant, begin_of(rollup.span, hour), session if rollup.sessions else "", user if rollup.users else "")
        what = names if rollup.models else NO_NAMES
        key = (*place, kind, source, assistant if rollup.assistants else "", *what)
        total = whole.setdefault(key, [0] * len(MEASURES))
        for number, value in enumerate(sums):
            total[number] += value
    return {key: sums for key, sums in whole.items() if any(sums)}
