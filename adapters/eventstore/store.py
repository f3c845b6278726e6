"""EventStore on the library: appends through the coalescer of the tenant's lane, reads on a few threads."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec
import psycopg
import structlog
from anyio import CapacityLimiter
from cryptography.exceptions import InvalidTag
from eventsourcing.persistence import PersistenceError

from adapters.eventstore.coalescer import Coalescer
from adapters.eventstore.datastore import open_datastore
from adapters.eventstore.key_vault import SHREDDED, KeyVault
from adapters.eventstore.keyring import Keyring, tenant_of
from adapters.eventstore.listener import Listener
from adapters.eventstore.mapper import EnvelopeMapper
from adapters.eventstore.recorder import LaneRecorder, NewKey
from application.ports.event_store import Recorded
from application.ports.keys import KeyAuthority
from domain.event import Envelope, Shredded
from domain.refusals import DependencyUnavailable, SessionNotFound

READERS = 4
LAST = 2**62
log = structlog.get_logger()


def lane_of(tenant: str, lanes: int) -> int:
    """The lane that holds a tenant's streams, the same for ever while the number of lanes is."""
    return zlib.crc32(tenant.encode()) % lanes


class PostgresEventStore:
    """All lanes of one database."""

    def __init__(self, recorders: Sequence[LaneRecorder], vault: KeyVault, listener: Listener, pool: Any) -> None:
        self._recorders, self.vault, self._listener, self._pool = recorders, vault, listener, pool
        self._coalescers = [Coalescer(recorder) for recorder in recorders]
        self._mapper = EnvelopeMapper(vault.keyring)
        self._readers = CapacityLimiter(READERS)
        self._news = [asyncio.Event() for _ in recorders]
        listener.on(SHREDDED, vault.keyring.forget)
        for lane, event in enumerate(self._news):
            listener.on(f"events_{lane}", partial(_ring, event))

    def start(self) -> None:
        """Begin to write and to listen."""
        self._listener.start()
        for coalescer in self._coalescers:
            coalescer.start()

    async def stop(self) -> None:
        """Write what waits."""
        for coalescer in self._coalescers:
            await coalescer.stop()
        await self._listener.stop()

    def _lane(self, stream: str) -> int:
        return lane_of(tenant_of(stream), len(self._recorders))

    async def append(self, events: Sequence[Envelope]) -> int:
        """See `application/ports/event_store.py`."""
        stream = events[0].stream
        keys = await self._keys_for(stream, events)
        stored = [self._mapper.to_stored_event(event) for event in events]
        return await self._coalescers[self._lane(stream)].append(stored, keys)

    async def _keys_for(self, stream: str, events: Sequence[Envelope]) -> list[NewKey]:
        """The stream's key in memory; a new one, to be stored with these facts, when the stream begins with them."""
        if self.vault.keyring.get(stream) is not None:
            return []
        begins = events[0].version == 1
        if not begins or "/session/" not in stream:
            # Other stores may have sealed something with a document's key before its first fact.
            await self.vault.unlock([stream])
        if self.vault.keyring.get(stream) is None and begins:
            return [NewKey(stream, await self.vault.new_stream_key(stream))]
        if self.vault.keyring.get(stream) is None and any(type(e.event).PRIVATE for e in events):
            raise SessionNotFound("What this stream held was erased.")
        return []

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        """See `application/ports/event_store.py`."""
        await self.vault.unlock([stream])
        snapshot = await self._snapshot_of(stream) if after == 0 and upto is None else None
        start = snapshot.version if snapshot else after
        recorder = self._recorders[self._lane(stream)]
        rows = await self._read(recorder.read_stream, stream, start, LAST if upto is None else upto)
        facts = [self._mapper.open(stream, *row) for row in rows]
        return [snapshot, *facts] if snapshot else facts

    async def _snapshot_of(self, stream: str) -> Envelope | None:
        async with self._connection() as connection:
            cursor = await connection.execute(
                "SELECT version, topic, state FROM snapshots WHERE stream = %s ORDER BY version DESC LIMIT 1",
                (stream,),
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        try:
            envelope = self._mapper.open(stream, row[0], row[1], bytes(row[2]))
        except (KeyError, InvalidTag, msgspec.DecodeError):
            log.warning("snapshot_ignored", stream=stream)
            return None
        return None if isinstance(envelope.event, Shredded) else envelope

    async def snapshot(self, envelope: Envelope) -> None:
        """See `application/ports/event_store.py`."""
        stored = self._mapper.to_stored_event(envelope)
        async with self._connection() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO snapshots VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (stored.originator_id, stored.originator_version, stored.topic, stored.state),
            )
            await connection.execute(
                "DELETE FROM snapshots WHERE stream = %s AND version < %s", (envelope.stream, envelope.version)
            )

    async def read_log(self, lane: int, *, after: int, limit: int) -> list[Recorded]:
        """See `application/ports/event_store.py`."""
        found: list[Recorded] = await self._read(self._recorders[lane].read_log, after, limit)
        return found

    async def head(self, lane: int) -> int:
        """See `application/ports/event_store.py`."""
        return await self._read(self._recorders[lane].max_notification_id) or 0

    async def wait_for_news(self, lane: int, deadline_s: float) -> bool:
        """See `application/ports/event_store.py`."""
        event = self._news[lane]
        try:
            await asyncio.wait_for(event.wait(), deadline_s)
        except TimeoutError:
            return False
        event.clear()
        return True

    def open(self, recorded: Recorded) -> Envelope:
        """See `application/ports/event_store.py`."""
        return self._mapper.open(recorded.stream, recorded.version, recorded.topic, recorded.state, recorded.position)

    def heading(self, recorded: Recorded) -> Envelope:
        """See `application/ports/event_store.py`."""
        return self._mapper.heading(recorded)

    async def unlock(self, streams: Sequence[str]) -> None:
        """See `application/ports/event_store.py`."""
        await self.vault.unlock(streams)

    async def shred(self, stream: str) -> None:
        """See `application/ports/event_store.py`."""
        await self.vault.shred(stream)

    async def _read(self, read: Any, *arguments: Any) -> Any:
        try:
            return await anyio.to_thread.run_sync(partial(read, *arguments), limiter=self._readers)
        except PersistenceError as error:
            raise DependencyUnavailable("The event store cannot be reached; try again.", retry_after_s=2) from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            async with self._pool.connection(timeout=5) as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise DependencyUnavailable("The event store cannot be reached; try again.", retry_after_s=2) from error


def _ring(event: asyncio.Event, _: str) -> None:
    event.set()


@asynccontextmanager
async def open_event_store(
    database_url: str, pool: Any, authority: KeyAuthority, *, lanes: int, owner: str, lease_s: float
) -> AsyncIterator[PostgresEventStore]:
    """The store of a process named `owner`, whose turns' leases last `lease_s` seconds. `pool` is an asynchronous
    psycopg pool in autocommit mode that runs as `colloquy_app`."""
    datastore = open_datastore(database_url, connections=READERS + lanes)
    recorders = [LaneRecorder(datastore, lane, owner, lease_s) for lane in range(lanes)]
    store = PostgresEventStore(recorders, KeyVault(pool, authority, Keyring()), Listener(database_url), pool)
    store.start()
    try:
        yield store
    finally:
        await store.stop()
        await anyio.to_thread.run_sync(datastore.close)
