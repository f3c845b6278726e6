"""What each tenant's model calls cost and what the caches saved: one line a call, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from psycopg.sql import SQL, Composed, Identifier

from application.ports.event_store import EventStore, Recorded
from application.users import Users
from domain.event import Envelope, StreamId
from domain.model_calls import TokensCorrected, TokensUsed
from domain.refusals import NotFound
from domain.session.events import CacheHit, CacheMissed
from domain.usage import family_of
from projections.fingerprints import table_fingerprint
from projections.read_model import Effect, Unreadable
from projections.tenant_tables import create_tenant_table, drop_table, show
from projections.transactions import Connection, Pool

LINES, MARKS = "cost_lines", "cost_marks"

LINE_COLUMNS = """
  tenant text NOT NULL, call_id text NOT NULL, position bigint NOT NULL, at timestamptz NOT NULL,
  session_id text NOT NULL, turn_id text NOT NULL, user_id text NOT NULL, step text NOT NULL,
  model text NOT NULL, family text NOT NULL,
  input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
  cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL, cache_write_1h_tokens bigint NOT NULL,
  cost_usd numeric NOT NULL, price_version text NOT NULL, estimated boolean NOT NULL, failure text NOT NULL,
  corrected boolean NOT NULL,
  PRIMARY KEY (tenant, call_id)"""

# One row for each turn and for each answer of the caches, so that any range of time adds up exactly.
MARK_COLUMNS = """
  tenant text NOT NULL, position bigint NOT NULL, at timestamptz NOT NULL, kind text NOT NULL,
  saved_usd numeric NOT NULL, PRIMARY KEY (tenant, position)"""

# A later settlement of the same call, or a correction by the provider's log, replaces its numbers; where and when it
# counts stays. A guess never replaces what the provider counted.
SETTLE = """
INSERT INTO {table} AS old VALUES (
  %(tenant)s, %(call_id)s, %(position)s, %(at)s, %(session_id)s, %(turn_id)s, %(user_id)s, %(step)s, %(model)s,
  %(family)s, %(input_tokens)s, %(output_tokens)s, %(cache_read_tokens)s, %(cache_write_tokens)s,
  %(cache_write_1h_tokens)s, %(cost_usd)s, %(price_version)s, %(estimated)s, %(failure)s, %(corrected)s)
ON CONFLICT (tenant, call_id) DO UPDATE SET
  model = excluded.model, family = excluded.family,
  input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
  cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens,
  cache_write_1h_tokens = excluded.cache_write_1h_tokens,
  cost_usd = excluded.cost_usd, price_version = excluded.price_version,
  estimated = excluded.estimated, failure = excluded.failure, corrected = excluded.corrected
WHERE old.estimated OR NOT excluded.estimated"""

MARK = "INSERT INTO {table} VALUES (%(tenant)s, %(position)s, %(at)s, %(kind)s, %(saved_usd)s)"


class Costs:
    """The read model `costs`. It reads no private body, so it can be rebuilt after any erasure. Users stand in it by
    pseudonym, also those whom older facts name."""

    name, layout = "costs", 3

    def __init__(self, store: EventStore, pool: Pool, users: Users) -> None:
        self._store, self._pool, self._users = store, pool, users

    @staticmethod
    async def create(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        await create_tenant_table(
            connection, LINES, generation, LINE_COLUMNS, [("tenant", "position"), ("tenant", "at")]
        )
        await create_tenant_table(connection, MARKS, generation, MARK_COLUMNS, [("tenant", "at")])

    @staticmethod
    async def publish(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        for table in (LINES, MARKS):
            await show(connection, table, generation)

    async def drop(self, connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        for table in (LINES, MARKS):
            await drop_table(connection, table, generation)

    async def sweep(self, generation: int) -> None:
        """See `ReadModel`: nothing is kept outside the database."""

    async def resume(self, generation: int, lane: int) -> None:
        """See `ReadModel`: nothing is ever put aside."""

    async def apply(self, generation: int, lane: int, facts: Sequence[Recorded]) -> Effect:
        """See `ReadModel`."""
        lines = [line for fact in facts if (line := await self._line(fact))]
        marks = [mark for fact in facts if (mark := self._mark(fact))]

        async def effect(connection: Connection) -> None:
            async with connection.cursor() as cursor:
                if lines:
                    await cursor.executemany(_into(SETTLE, LINES, generation), lines)
                if marks:
                    await cursor.executemany(_into(MARK, MARKS, generation), marks)

        return effect

    async def fingerprint(self, generation: int) -> str:
        """See `ReadModel`."""
        return await table_fingerprint(self._pool, [f"{LINES}_{generation}", f"{MARKS}_{generation}"])

    async def _line(self, fact: Recorded) -> dict[str, Any] | None:
        if not fact.topic.startswith(("tokens.used.", "tokens.corrected.")):
            return None
        envelope = self._opened(fact)
        used = envelope.event
        if not isinstance(used, TokensUsed | TokensCorrected):
            raise Unreadable(f"{fact.topic} at position {fact.position} is not a settlement")
        id = StreamId.parse(fact.stream)
        return {
            "tenant": id.tenant,
            "call_id": used.call_id,
            "position": fact.position,
            "at": envelope.at,
            "session_id": id.id if id.kind == "session" else "",
            "turn_id": used.turn_id,
            "user_id": await self._user(id.tenant, used.user),
            "step": used.step,
            "model": used.model,
            "family": family_of(used.model),
            "input_tokens": used.usage.input_tokens,
            "output_tokens": used.usage.output_tokens,
            "cache_read_tokens": used.usage.cache_read_tokens,
            "cache_write_tokens": used.usage.cache_write_tokens,
            "cache_write_1h_tokens": used.usage.cache_write_1h_tokens,
            "cost_usd": used.cost_usd,
            "price_version": used.price_version,
            "estimated": isinstance(used, TokensUsed) and used.estimated,
            "failure": used.failure,
            "corrected": isinstance(used, TokensCorrected),
        }

    async def _user(self, tenant: str, user: str) -> str:
        try:
            return await self._users.pseudonym(tenant, user)
        except NotFound:
            return ""  # with its key the tenant is gone, and whoever was named in its facts with it

    def _mark(self, fact: Recorded) -> dict[str, Any] | None:
        kind, saved = "turn", Decimal(0)
        if fact.topic.startswith("turn.started."):
            envelope = self._store.heading(fact)
        elif fact.topic.startswith("cache."):
            envelope = self._opened(fact)
            match envelope.event:
                case CacheHit(layer=layer, saved_usd=amount):
                    kind, saved = layer, amount
                case CacheMissed():
                    kind = "miss"
                case _:
                    return None
        else:
            return None
        tenant = StreamId.parse(fact.stream).tenant
        return {"tenant": tenant, "position": fact.position, "at": envelope.at, "kind": kind, "saved_usd": saved}

    def _opened(self, fact: Recorded) -> Envelope:
        try:
            return self._store.open(fact)
        except Exception as error:  # bytes that are wrong are wrong for good; money is never skipped
            raise Unreadable(f"{fact.topic} at position {fact.position}: {error}") from error


def _into(sql: str, table: str, generation: int) -> Composed:
    return SQL(sql).format(table=Identifier("projections", f"{table}_{generation}"))
