"""What each tenant's model calls cost and what the caches saved: a line a call, sums by hour and day, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports.facts.event_store import FactCodec, Recorded
from application.users import Users
from projections import cost_rollups as rollups
from projections.bi_views import open_to_logins, show_to_logins
from projections.cost_entries import CostEntries, Entry
from projections.cost_rollups import into
from projections.fingerprints import table_fingerprint
from projections.read_model import Effect
from projections.tenant_tables import create_tenant_table, drop_table, show
from projections.transactions import Connection, Pool, rows

LINES, MARKS, SESSIONS = "cost_lines", "cost_marks", "cost_sessions"
TABLES = (LINES, MARKS, SESSIONS, *(rollup.table for rollup in rollups.ROLLUPS))
SHOWN = (LINES, rollups.USER_ASSISTANT_HOURS.table)
"""What logins for reports see."""

LINE_COLUMNS = """
  tenant text NOT NULL, call_id text NOT NULL, position bigint NOT NULL, at timestamptz NOT NULL,
  session_id text NOT NULL, turn_id text NOT NULL, user_id text NOT NULL, source text NOT NULL, assistant text NOT NULL,
  step text NOT NULL, model text NOT NULL, family text NOT NULL,
  input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
  cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL, cache_write_1h_tokens bigint NOT NULL,
  cost_usd numeric NOT NULL, prompt_cache_saved_usd numeric NOT NULL, price_version text NOT NULL,
  estimated boolean NOT NULL, failure text NOT NULL, first_token int NOT NULL,
  corrected boolean NOT NULL, corrected_at timestamptz, correction_reason text NOT NULL,
  replaced_input_tokens bigint, replaced_output_tokens bigint, replaced_usd numeric,
  PRIMARY KEY (tenant, call_id)"""

# One row for each turn, each answer of the caches and each failover, so that any range of time adds up exactly. `turns`
# is 1 where a turn is seen for the first time in its kind.
MARK_COLUMNS = """
  tenant text NOT NULL, position bigint NOT NULL, at timestamptz NOT NULL, kind text NOT NULL,
  session_id text NOT NULL, turn_id text NOT NULL, user_id text NOT NULL, source text NOT NULL, assistant text NOT NULL,
  turns int NOT NULL, saved_usd numeric NOT NULL, PRIMARY KEY (tenant, position)"""

# Which assistant each session talks to, as its first fact said: what comes later of the session counts as that one's.
SESSION_COLUMNS = """
  tenant text NOT NULL, session_id text NOT NULL, assistant text NOT NULL, PRIMARY KEY (tenant, session_id)"""

KEPT = ("position", "at", "session_id", "turn_id", "user_id", "source", "assistant", "step")
"""Where and when a call counts, which stays whatever is heard of it later."""
OLD_LINES = "SELECT * FROM {table} WHERE (tenant, call_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
PUT_LINE = """
INSERT INTO {table} VALUES (
  %(tenant)s, %(call_id)s, %(position)s, %(at)s, %(session_id)s, %(turn_id)s, %(user_id)s, %(source)s, %(assistant)s,
  %(step)s, %(model)s, %(family)s, %(input_tokens)s, %(output_tokens)s, %(cache_read_tokens)s, %(cache_write_tokens)s,
  %(cache_write_1h_tokens)s, %(cost_usd)s, %(prompt_cache_saved_usd)s, %(price_version)s, %(estimated)s, %(failure)s,
  %(first_token)s, %(corrected)s, %(corrected_at)s, %(correction_reason)s, %(replaced_input_tokens)s,
  %(replaced_output_tokens)s, %(replaced_usd)s)
ON CONFLICT (tenant, call_id) DO UPDATE SET
  model = excluded.model, family = excluded.family,
  input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
  cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens,
  cache_write_1h_tokens = excluded.cache_write_1h_tokens,
  cost_usd = excluded.cost_usd, prompt_cache_saved_usd = excluded.prompt_cache_saved_usd,
  price_version = excluded.price_version, estimated = excluded.estimated, failure = excluded.failure,
  first_token = excluded.first_token, corrected = excluded.corrected, corrected_at = excluded.corrected_at,
  correction_reason = excluded.correction_reason, replaced_input_tokens = excluded.replaced_input_tokens,
  replaced_output_tokens = excluded.replaced_output_tokens, replaced_usd = excluded.replaced_usd"""
FAILED_OVER = """
SELECT DISTINCT tenant, turn_id FROM {table}
WHERE kind = 'failover' AND (tenant, turn_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"""
PUT_MARK = """
INSERT INTO {table} VALUES (
  %(tenant)s, %(position)s, %(at)s, %(kind)s, %(session_id)s, %(turn_id)s, %(user_id)s, %(source)s, %(assistant)s,
  %(turns)s, %(saved_usd)s)"""
PUT_SESSION = """
INSERT INTO {table} VALUES (%(tenant)s, %(session_id)s, %(assistant)s) ON CONFLICT DO NOTHING"""
ASSISTANTS = """
SELECT tenant, session_id, assistant FROM {table}
WHERE (tenant, session_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"""


class Costs:
    """The read model `costs`. It reads no private body, so it can be rebuilt after any erasure. Users stand in it by
    pseudonym, also those whom older facts name."""

    name, layout = "costs", 8

    def __init__(self, store: FactCodec, pool: Pool, users: Users) -> None:
        self._entries, self._pool = CostEntries(store, users), pool

    @staticmethod
    async def create(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        ways = [("tenant", "position"), ("tenant", "at"), ("tenant", "session_id")]
        await create_tenant_table(connection, LINES, generation, LINE_COLUMNS, ways)
        await create_tenant_table(
            connection, MARKS, generation, MARK_COLUMNS, [("tenant", "at"), ("tenant", "turn_id")]
        )
        await create_tenant_table(connection, SESSIONS, generation, SESSION_COLUMNS, [])
        for rollup in rollups.ROLLUPS:
            await create_tenant_table(connection, rollup.table, generation, rollups.COLUMNS, rollup.indexes)
        await open_to_logins(connection, [f"{table}_{generation}" for table in SHOWN])

    @staticmethod
    async def publish(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        for table in TABLES:
            await show(connection, table, generation)
        await show_to_logins(connection, *(f"{table}_{generation}" for table in SHOWN))

    async def drop(self, connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        for table in TABLES:
            await drop_table(connection, table, generation)

    async def sweep(self, generation: int) -> None:
        """See `ReadModel`: nothing is kept outside the database."""

    async def resume(self, generation: int, lane: int) -> None:
        """See `ReadModel`: nothing is ever put aside."""

    async def apply(self, generation: int, lane: int, facts: Sequence[Recorded]) -> Effect:
        """See `ReadModel`."""
        lines = [line for fact in facts if (line := await self._entries.line(fact))]
        marks = [mark for fact in facts if (mark := await self._entries.mark(fact))]
        sessions = [session for fact in facts if (session := self._entries.session(fact))]

        async def effect(connection: Connection) -> None:
            await _put(connection, PUT_SESSION, SESSIONS, generation, sessions)
            known = await _assistants(connection, generation, [*lines, *marks])
            await count(connection, generation, _told(lines, known), _told(marks, known))

        return effect

    async def fingerprint(self, generation: int) -> str:
        """See `ReadModel`."""
        return await table_fingerprint(self._pool, [f"{table}_{generation}" for table in TABLES])


Lines = dict[tuple[str, str], Entry]
Assistants = dict[tuple[str, str], str]


async def count(connection: Connection, generation: int, lines: Sequence[Entry], marks: Sequence[Entry]) -> None:
    """Put lines and marks, in their order, into the tables of a generation, and what they change into its sums."""
    old = await _old_lines(connection, generation, lines)
    new = settled(old, lines)
    counted = _counted(marks, await _failed_over(connection, generation, marks))
    await _put(connection, PUT_LINE, LINES, generation, list(new.values()))
    await _put(connection, PUT_MARK, MARKS, generation, counted)
    taken = [old[key] for key in new if key in old]
    await rollups.add(connection, generation, rollups.deltas_of([*new.values(), *counted], taken))


def settled(old: Lines, lines: Sequence[Entry]) -> Lines:
    """The lines that are new or change, by tenant and call. A later settlement of the same call, or a correction by the
    provider's log, replaces its numbers; where and when it counts stays. A guess never replaces what the provider
    counted."""
    new: Lines = {}
    for line in lines:
        key = (line["tenant"], line["call_id"])
        known = new.get(key) or old.get(key)
        if known is None:
            new[key] = line
        elif known["estimated"] or not line["estimated"]:
            first_token = line["first_token"] or known["first_token"]
            new[key] = {**line, **{name: known[name] for name in KEPT}, "first_token": first_token}
    return new


async def _assistants(connection: Connection, generation: int, entries: Sequence[Entry]) -> Assistants:
    """Of which assistant the sessions of these are; a tenant's facts come in order, so that each has begun before."""
    sessions = {(entry["tenant"], entry["session_id"]) for entry in entries if entry["session_id"]}
    if not sessions:
        return {}
    keys = [list(column) for column in zip(*sorted(sessions), strict=True)]
    found = await rows(connection, into(ASSISTANTS, SESSIONS, generation), keys)
    return {(row["tenant"], row["session_id"]): row["assistant"] for row in found}


def _told(entries: Sequence[Entry], known: Assistants) -> list[Entry]:
    return [{**entry, "assistant": known.get((entry["tenant"], entry["session_id"]), "")} for entry in entries]


async def _old_lines(connection: Connection, generation: int, lines: Sequence[Entry]) -> Lines:
    if not lines:
        return {}
    keys = [[line["tenant"] for line in lines], [line["call_id"] for line in lines]]
    found = await rows(connection, into(OLD_LINES, LINES, generation), keys)
    return {(row["tenant"], row["call_id"]): row for row in found}


async def _failed_over(connection: Connection, generation: int, marks: Sequence[Entry]) -> set[tuple[str, str]]:
    """Turns (with their tenant) of which a failover has been counted before."""
    new = [mark for mark in marks if mark["kind"] == "failover"]
    if not new:
        return set()
    keys = [[mark["tenant"] for mark in new], [mark["turn_id"] for mark in new]]
    found = await rows(connection, into(FAILED_OVER, MARKS, generation), keys)
    return {(row["tenant"], row["turn_id"]) for row in found}


def _counted(marks: Sequence[Entry], failed_over: set[tuple[str, str]]) -> list[Entry]:
    counted = []
    for mark in marks:
        turn = (mark["tenant"], mark["turn_id"])
        again = mark["kind"] == "failover" and turn in failed_over
        if mark["kind"] == "failover":
            failed_over.add(turn)
        counted.append({**mark, "turns": 0 if again else 1})
    return counted


async def _put(connection: Connection, sql: str, table: str, generation: int, entries: Sequence[Entry]) -> None:
    if entries:
        async with connection.cursor() as cursor:
            await cursor.executemany(into(sql, table, generation), entries)
