"""EventStore on the library: appends through the coalescer of the tenant's lane, reads on a few threads."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec
import structlog
from anyio import CapacityLimiter
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError

from adapters.database_login import Logins, verify_login, verify_sessions
from adapters.eventstore.coalescer import Coalescer, unreachable
from adapters.eventstore.datastore import open_datastore
from adapters.eventstore.key_vault import SHREDDED, KeyVault
from adapters.eventstore.keyring import Keyring, NewKey, tenant_of
from adapters.eventstore.listener import Listener
from adapters.eventstore.mapper import EnvelopeMapper
from adapters.eventstore.recorder import Datastores, LaneRecorder
from adapters.eventstore.scope import of_tenant
from application.acting_tenant import acting_tenant
from application.ports.event_store import Recorded
from application.ports.keys import KeyAuthority
from domain.event import Envelope, Shredded, StreamId
from domain.ids import MAX_POSITION
from domain.refusals import PayloadTooLarge, SessionNotFound

READERS = 4
TENANT_CHANGED = "tenant_changed"
KEYLESS = frozenset({"search", "audit"})
"""Kinds of streams that begin anew with each search and each look into the log. Their facts are never private: a key
for each would stay for good and seal nothing."""
MAX_BYTES = 900_000  # a fact must fit into one message of the pipe (NATS takes 1 MB, headers included)
log = structlog.get_logger()


def lane_of(tenant: str, lanes: int) -> int:
    """The lane that holds a tenant's streams, the same for ever while the number of lanes is."""
    return zlib.crc32(tenant.encode()) % lanes


class PostgresEventStore:
    """All lanes of one database."""

    def __init__(
        self, recorders: Sequence[LaneRecorder], vault: KeyVault, listener: Listener, pool: Any, *, follows: bool
    ) -> None:
        self._recorders, self.vault, self._listener, self._pool = recorders, vault, listener, pool
        self._coalescers = [Coalescer(recorder, f"append_{lane}") for lane, recorder in enumerate(recorders)]
        self._mapper = EnvelopeMapper(vault.keyring)
        self._readers = CapacityLimiter(READERS)
        self._news = [asyncio.Event() for _ in recorders] if follows else []
        listener.on(SHREDDED, vault.keyring.forget)
        listener.on(TENANT_CHANGED, lambda _: None)
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
        acting = acting_tenant(tenant_of(stream))
        cipher, new = await self._key_for(stream, events)
        stored = self._mapper.to_stored_events(events, cipher)
        if max(len(event.state) for event in stored) > MAX_BYTES:
            raise PayloadTooLarge("There is too much in one fact; say it in smaller parts.")
        position = await self._coalescers[self._lane(stream)].append(acting, stored, [new] if new else [])
        if new:
            self.vault.keyring.keep(stream, new.cipher)
        return position

    async def _key_for(self, stream: str, events: Sequence[Envelope]) -> tuple[AESGCM | None, NewKey | None]:
        """The stream's key; a new one, to be stored with these facts, when the stream begins with them."""
        if StreamId.parse(stream).kind in KEYLESS:
            return None, None
        keyring, begins = self.vault.keyring, events[0].version == 1
        cipher = keyring.get(stream)
        if cipher is None and not (begins and "/session/" in stream):
            # Other stores may have sealed something with a document's key before its first fact.
            cipher = await self.vault.usable(stream)
        if cipher is None and begins:
            new = await self.vault.new_stream_key(stream)
            return new.cipher, new
        if cipher is None and any(type(envelope.event).PRIVATE for envelope in events):
            raise SessionNotFound("What this stream held was erased.")
        return cipher, None

    async def slices(self, stream: str, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Envelope]]:
        """See `application/ports/event_store.py`."""
        snapshot = await self._snapshot_of(stream) if after == 0 and upto is None else None
        begun = [snapshot] if snapshot else []
        start, more = snapshot.version if snapshot else after, True
        recorder, acting = self._recorders[self._lane(stream)], acting_tenant(tenant_of(stream))
        last = MAX_POSITION if upto is None else upto
        while more:
            rows, more = await self._read(recorder, recorder.read_slice, acting, stream, start, last)
            cipher = await self.vault.usable(stream)
            facts = [*begun, *(self._mapper.open_with(cipher, stream, *row) for row in rows)]
            if facts:
                yield facts
                start, begun = facts[-1].version, []

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        """See `application/ports/event_store.py`."""
        return [fact async for facts in self.slices(stream, after=after, upto=upto) for fact in facts]

    async def _snapshot_of(self, stream: str) -> Envelope | None:
        async with of_tenant(self._pool, tenant_of(stream)) as connection:
            cursor = await connection.execute(
                "SELECT version, topic, state FROM snapshots WHERE stream = %s ORDER BY version DESC LIMIT 1",
                (stream,),
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        cipher = await self.vault.usable(stream)
        try:
            envelope = self._mapper.open_with(cipher, stream, row[0], row[1], bytes(row[2]))
        except (KeyError, InvalidTag, msgspec.MsgspecError):
            log.warning("snapshot_ignored", stream=stream)
            return None
        return None if isinstance(envelope.event, Shredded) else envelope

    async def snapshot(self, envelope: Envelope) -> None:
        """See `application/ports/event_store.py`."""
        stored = self._mapper.to_stored_event(envelope)
        async with of_tenant(self._pool, tenant_of(envelope.stream)) as connection:
            await connection.execute(
                "INSERT INTO snapshots VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (stored.originator_id, stored.originator_version, stored.topic, stored.state),
            )
            await connection.execute(
                "DELETE FROM snapshots WHERE stream = %s AND version < %s", (envelope.stream, envelope.version)
            )

    async def read_log(self, lane: int, *, after: int, limit: int) -> list[Recorded]:
        """See `application/ports/event_store.py`."""
        found: list[Recorded] = await self._read(self._recorders[lane], self._recorders[lane].read_log, after, limit)
        return found

    async def head(self, lane: int) -> int:
        """See `application/ports/event_store.py`."""
        head: int = await self._read(self._recorders[lane], self._recorders[lane].read_head)
        return head

    async def wait_for_news(self, lane: int, deadline_s: float) -> bool:
        """See `application/ports/event_store.py`."""
        event = self._news[lane]
        try:
            await asyncio.wait_for(event.wait(), deadline_s)
        except TimeoutError:
            return False
        event.clear()
        return True

    def on_tenant_change(self, heard: Callable[[str], None]) -> None:
        """See `application/ports/event_store.py`."""
        self._listener.on(TENANT_CHANGED, heard)

    def down(self) -> dict[str, str]:
        """The store's loops, as `application.tasks.Loops.down` tells of them."""
        of_lanes = {name: why for coalescer in self._coalescers for name, why in coalescer.loops.down().items()}
        return of_lanes | self._listener.loops.down()

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

    async def _read(self, recorder: LaneRecorder, read: Any, *arguments: Any) -> Any:
        """A read on a thread; a broken connection is tried again once, for the pool may be full of them."""
        in_thread = partial(anyio.to_thread.run_sync, limiter=self._readers)
        try:
            try:
                return await in_thread(partial(read, *arguments))
            except (OperationalError, InterfaceError):
                await in_thread(recorder.mend)
                return await in_thread(partial(read, *arguments))
        except PersistenceError as error:
            raise unreachable() from error


def _ring(event: asyncio.Event, _: str) -> None:
    event.set()


@asynccontextmanager
async def open_event_store(
    logins: Logins,
    pool: Any,
    authority: KeyAuthority,
    *,
    lanes: int,
    owner: str,
    lease_s: float,
    follows: bool = True,
    worker: Any = None,
) -> AsyncIterator[PostgresEventStore]:
    """The store of a process named `owner`, whose turns' leases last `lease_s` seconds. `pool` and `worker` are
    asynchronous psycopg pools in autocommit mode, of these logins: a process without `worker` sees one tenant at a time
    and cannot read the log. One that does not follow the log never calls `wait_for_news`, and is not woken by each
    commit of each other."""
    await verify_login(logins.writer)
    await verify_sessions(logins.app)
    stores = Datastores(
        writer=open_datastore(logins.writer, connections=lanes),
        streams=open_datastore(logins.app, connections=READERS),
        log=open_datastore(logins.worker, connections=READERS) if worker is not None and logins.worker else None,
    )
    recorders = [LaneRecorder(stores, lane, owner, lease_s) for lane in range(lanes)]
    vault = KeyVault(pool, authority, Keyring(), worker)
    store = PostgresEventStore(recorders, vault, Listener(logins.app.session_url), pool, follows=follows)
    store.start()
    try:
        yield store
    finally:
        await store.stop()
        for datastore in stores:
            if datastore is not None:
                await anyio.to_thread.run_sync(datastore.close)
