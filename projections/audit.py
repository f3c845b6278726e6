"""The audit log: every fact of a tenant in order, with the bytes that its Merkle leaf is the hash of, in PostgreSQL."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.sql import SQL, Identifier

from application.ports.facts.event_store import FactCodec, Recorded
from domain.event import StreamId
from projections.fingerprints import table_fingerprint
from projections.read_model import Effect, Unreadable
from projections.tenant_tables import create_tenant_table, drop_table, show
from projections.transactions import Connection, Pool

EVENTS, TREES = "audit_events", "audit_trees"

EVENT_COLUMNS = """
  tenant text NOT NULL, leaf_index bigint NOT NULL, position bigint NOT NULL, stream text NOT NULL,
  version bigint NOT NULL, topic text NOT NULL, at timestamptz NOT NULL, actor text NOT NULL,
  correlation_id text NOT NULL, causation_id text NOT NULL, leaf bytea NOT NULL, leaf_hash bytea NOT NULL,
  PRIMARY KEY (tenant, leaf_index), UNIQUE (tenant, position)"""
EVENT_INDEXES = [
    ("tenant", "stream", "position"), ("tenant", "actor", "position"), ("tenant", "topic", "position"),
    ("tenant", "correlation_id", "position"), ("tenant", "at", "position"),
]  # fmt: skip

TREE_COLUMNS = "tenant text PRIMARY KEY, size bigint NOT NULL"

GROW = """
INSERT INTO {table} AS old SELECT * FROM unnest(%s::text[], %s::bigint[])
ON CONFLICT (tenant) DO UPDATE SET size = old.size + excluded.size RETURNING tenant, size"""

KEEP = """
INSERT INTO {table} VALUES (%(tenant)s, %(leaf_index)s, %(position)s, %(stream)s, %(version)s, %(topic)s, %(at)s,
  %(actor)s, %(correlation_id)s, %(causation_id)s, %(leaf)s, %(leaf_hash)s)"""


class Leaf(msgspec.Struct, frozen=True, array_like=True):
    """What a leaf of a tenant's tree covers: the fact as it is stored, sealed where it is private, so that erasure
    changes no hash."""

    position: int
    stream: str
    version: int
    topic: str
    state: bytes


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Leaf)


def leaf_bytes(fact: Recorded) -> bytes:
    """The canonical bytes of a fact: MessagePack of (position, stream, version, topic, state), shortest forms."""
    return _encode(Leaf(fact.position, fact.stream, fact.version, fact.topic, fact.state))


def read_leaf(leaf: bytes) -> Leaf:
    """The way back."""
    return _decoder.decode(leaf)


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + leaf).digest()


class Audit:
    """The read model `audit`. It needs no key, knows every topic and skips nothing."""

    name, layout = "audit", 1

    def __init__(self, store: FactCodec, pool: Pool) -> None:
        self._store, self._pool = store, pool

    @staticmethod
    async def create(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        await create_tenant_table(connection, EVENTS, generation, EVENT_COLUMNS, EVENT_INDEXES)
        await create_tenant_table(connection, TREES, generation, TREE_COLUMNS, [])

    @staticmethod
    async def publish(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        for table in (EVENTS, TREES):
            await show(connection, table, generation)

    async def drop(self, connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        for table in (EVENTS, TREES):
            await drop_table(connection, table, generation)

    async def sweep(self, generation: int) -> None:
        """See `ReadModel`: nothing is kept outside the database."""

    async def resume(self, generation: int, lane: int) -> None:
        """See `ReadModel`: nothing is ever put aside."""

    async def apply(self, generation: int, lane: int, facts: Sequence[Recorded]) -> Effect:
        """See `ReadModel`."""
        events = [self._event(fact) for fact in facts]
        added = Counter(event["tenant"] for event in events)

        async def effect(connection: Connection) -> None:
            trees, table = (Identifier("projections", f"{name}_{generation}") for name in (TREES, EVENTS))
            async with connection.cursor() as cursor:
                await cursor.execute(SQL(GROW).format(table=trees), (list(added), list(added.values())))
                following = {tenant: size - added[tenant] for tenant, size in await cursor.fetchall()}
                for event in events:
                    event["leaf_index"] = following[event["tenant"]]
                    following[event["tenant"]] += 1
                await cursor.executemany(SQL(KEEP).format(table=table), events)

        return effect

    async def fingerprint(self, generation: int) -> str:
        """See `ReadModel`."""
        return await table_fingerprint(self._pool, [f"{EVENTS}_{generation}", f"{TREES}_{generation}"])

    def _event(self, fact: Recorded) -> dict[str, Any]:
        try:
            heading = self._store.heading(fact)
        except (
            Exception
        ) as error:  # an unreadable heading is damage to the store: stop and alarm, for nothing is skipped
            raise Unreadable(f"{fact.topic} at position {fact.position}: {error}") from error
        leaf = leaf_bytes(fact)
        return {
            "tenant": StreamId.parse(fact.stream).tenant,
            "position": fact.position,
            "stream": fact.stream,
            "version": fact.version,
            "topic": fact.topic,
            "at": heading.at,
            "actor": heading.actor,
            "correlation_id": heading.correlation_id,
            "causation_id": heading.causation_id,
            "leaf": leaf,
            "leaf_hash": leaf_hash(leaf),
        }
