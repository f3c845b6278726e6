"""Streams of facts: sealed and appended, read and opened in slices, begun from their latest snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import DataError
from psycopg.sql import SQL, Identifier

from adapters.database_transactions import tenant_transaction
from adapters.eventstore.keyring import Keyring, NewKey, tenant_of
from adapters.eventstore.lanes import Lanes, lane_of
from adapters.eventstore.mapper import EnvelopeMapper
from adapters.eventstore.stream_keys import PAUSES_S, REPLACED, WrappedStreamKeys
from application.acting_tenant import acting_tenant
from application.ports.facts.keys import KeyNotAtHand
from domain.event import Envelope, Snapshot, StreamId
from domain.ids import MAX_POSITION
from domain.refusals import PayloadTooLarge, SessionNotFound

KEYLESS = frozenset({"search", "audit", "erasure"})
"""Kinds of streams that begin anew with each search, each look into the log, each erasure. Their facts are never
private: a key for each would stay for good and seal nothing."""
SNAPPED = frozenset({"session"})
"""Kinds of streams that have snapshots: of the others nobody looks for one."""
FIRST, LATEST, LAST_ID = "ASC", "DESC", "g"
OF_KIND = """
    SELECT stream FROM stream_keys WHERE split_part(stream, '/', 1) = %s AND split_part(stream, '/', 2) = %s
      AND split_part(stream, '/', 3) COLLATE "C" < %s AND wrapped IS NOT NULL"""
ONE_EACH = """
    SELECT asked.stream, fact.* FROM unnest(%s::text[]) AS asked(stream), LATERAL (
      SELECT originator_version, topic, state, notification_id FROM public.{table}
      WHERE originator_id = asked.stream ORDER BY originator_version {which} LIMIT 1) AS fact"""
TOGETHER = 1_000
"""Streams that are looked at at a time."""
MAX_BYTES = 900_000  # a fact must fit into one message of the pipe (NATS takes 1 MB, headers included)
log = structlog.get_logger()


class Streams:
    """What `EventStore` says of streams."""

    def __init__(
        self, lanes: Lanes, mapper: EnvelopeMapper, keyring: Keyring, keys: WrappedStreamKeys, pool: Any
    ) -> None:
        self._lanes, self._mapper, self._keyring, self._keys, self._pool = lanes, mapper, keyring, keys, pool

    async def append(self, events: Sequence[Envelope]) -> int:
        """See `application/ports/facts/event_store.py`."""
        acting = acting_tenant(tenant_of(events[0].stream))
        for pause in PAUSES_S:
            if pause:
                await asyncio.sleep(pause)
            try:
                return await self._append(acting, events)
            except DataError as error:
                if REPLACED not in str(error):
                    raise
                self._keyring.tenants.drop(acting)
        raise KeyNotAtHand(retry_after_s=2)

    async def _append(self, acting: str, events: Sequence[Envelope]) -> int:
        stream = events[0].stream
        cipher, new = await self._key_for(stream, events)
        stored = self._mapper.to_stored_events(events, cipher)
        if max(len(event.state) for event in stored) > MAX_BYTES:
            raise PayloadTooLarge("There is too much in one fact; say it in smaller parts.")
        position = await self._lanes.append(acting, stream, stored, [new] if new else [])
        if new:
            self._keyring.keep(stream, new.cipher)
        return position

    async def slices(self, stream: str, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Envelope]]:
        """See `application/ports/facts/event_store.py`."""
        snapped = after == 0 and upto is None and StreamId.parse(stream).kind in SNAPPED
        snapshot = await self._snapshot_of(stream) if snapped else None
        begun = [snapshot] if snapshot else []
        start, more = snapshot.version if snapshot else after, True
        acting, last = acting_tenant(tenant_of(stream)), MAX_POSITION if upto is None else upto
        while more:
            rows, more = await self._lanes.slice(acting, stream, start, last)
            cipher = await self._keys.usable(stream)
            facts = [*begun, *(self._mapper.understood(cipher, stream, *row) for row in rows)]
            if facts:
                yield facts
                start, begun = facts[-1].version, []

    async def snapshot(self, envelope: Envelope) -> None:
        """See `application/ports/facts/event_store.py`."""
        stored = self._mapper.to_stored_event(envelope)
        async with tenant_transaction(self._pool, tenant_of(envelope.stream)) as connection:
            await connection.execute(
                "INSERT INTO snapshots VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (stored.originator_id, stored.originator_version, stored.topic, stored.state),
            )
            await connection.execute(
                "DELETE FROM snapshots WHERE stream = %s AND version < %s", (envelope.stream, envelope.version)
            )

    def begun(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        """See `application/ports/facts/event_store.py`."""
        return self._of_kind(FIRST, tenant, kind, below)

    def latest(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        """See `application/ports/facts/event_store.py`."""
        return self._of_kind(LATEST, tenant, kind, below)

    async def _of_kind(self, which: str, tenant: str, kind: str, below: str) -> AsyncIterator[list[Envelope]]:
        acting = acting_tenant(tenant)
        async with tenant_transaction(self._pool, acting) as connection:
            cursor = await connection.execute(OF_KIND, (acting, kind, below or LAST_ID))
            streams = [stream for (stream,) in await cursor.fetchall()]
        statement = SQL(ONE_EACH).format(
            table=Identifier(f"events_{lane_of(acting, self._lanes.each)}"), which=SQL(which)
        )
        for at in range(0, len(streams), TOGETHER):
            async with tenant_transaction(self._pool, acting) as connection:
                cursor = await connection.execute(statement, (streams[at : at + TOGETHER],))
                rows = await cursor.fetchall()
            yield [self._mapper.understood(None, stream, *row) for stream, *row in rows]

    async def _key_for(self, stream: str, events: Sequence[Envelope]) -> tuple[AESGCM | None, NewKey | None]:
        """The stream's key; a new one, to be stored with these facts, when the stream begins with them."""
        if StreamId.parse(stream).kind in KEYLESS:
            return None, None
        begins, cipher = events[0].version == 1, self._keyring.get(stream)
        private = any(type(envelope.event).PRIVATE for envelope in events)
        if cipher is None and not (begins or private):
            return None, None  # what is not sealed needs no key
        if cipher is None and not (begins and "/session/" in stream):
            # Other stores may have sealed something with a document's key before its first fact.
            cipher = await self._keys.usable(stream)
        if cipher is None and begins:
            new = await self._keys.new(stream)
            return new.cipher, new
        if cipher is None and private:
            raise SessionNotFound("What this stream held was erased.")
        return cipher, None

    async def _snapshot_of(self, stream: str) -> Envelope | None:
        async with tenant_transaction(self._pool, tenant_of(stream)) as connection:
            cursor = await connection.execute(
                "SELECT version, topic, state FROM snapshots WHERE stream = %s ORDER BY version DESC LIMIT 1",
                (stream,),
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        cipher = await self._keys.usable(stream)
        try:
            envelope = self._mapper.open_with(cipher, stream, row[0], row[1], bytes(row[2]))
        except (InvalidTag, msgspec.MsgspecError):
            log.warning("snapshot_ignored", stream=stream)
            return None
        return envelope if isinstance(envelope.event, Snapshot) and envelope.event.fits else None
