"""The event store whole: streams, the log in lanes and the keys, each in its own part, opened together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread

from adapters.database_login import Logins, verify_login, verify_sessions
from adapters.database_transactions import database_of
from adapters.eventstore.datastore import open_datastore
from adapters.eventstore.key_renewal import RENEWED
from adapters.eventstore.key_vault import KeyVault
from adapters.eventstore.keyring import Keyring
from adapters.eventstore.lanes import READERS, TENANT_CHANGED, Lanes
from adapters.eventstore.listener import Listener
from adapters.eventstore.mapper import EnvelopeMapper, untraced
from adapters.eventstore.recorder import Datastores, LaneRecorder
from adapters.eventstore.stream_keys import SHREDDED
from adapters.eventstore.streams import Streams
from application.ports.facts.event_store import Recorded
from application.ports.facts.keys import KeyAuthority
from application.tasks import isolated
from domain.event import Envelope

Observe = Callable[[Sequence[Envelope]], None]
"""Hears of facts when they have been stored by this process, whatever stream they are of."""


def ignore(facts: Sequence[Envelope]) -> None:
    """Nobody counts them."""


class RecordedLog:
    """The log as relays and read models have it: `EventLog`, `TenantNews` and `RecordedFacts`, over `lanes`."""

    def __init__(self, lanes: Lanes, mapper: EnvelopeMapper) -> None:
        self.lanes, self._mapper = lanes, mapper

    async def read_log(self, lane: int, *, after: int, limit: int) -> list[Recorded]:
        """See `application/ports/facts/event_store.py`."""
        return await self.lanes.log(lane, after, limit)

    async def head(self, lane: int) -> int:
        """See `application/ports/facts/event_store.py`."""
        return await self.lanes.head(lane)

    async def wait_for_news(self, lane: int, deadline_s: float) -> bool:
        """See `application/ports/facts/event_store.py`."""
        return await self.lanes.wait_for_news(lane, deadline_s)

    def on_tenant_change(self, heard: Callable[[str], None]) -> None:
        """See `application/ports/facts/event_store.py`."""
        for listener in self.lanes.listeners:
            listener.on(TENANT_CHANGED, heard)

    def open(self, recorded: Recorded) -> Envelope:
        """See `application/ports/facts/event_store.py`."""
        return self._mapper.open(recorded.stream, recorded.version, recorded.topic, recorded.state, recorded.position)

    def heading(self, recorded: Recorded) -> Envelope:
        """See `application/ports/facts/event_store.py`."""
        return self._mapper.heading(recorded)


class PostgresEventStore(RecordedLog):
    """`WholeStore`; and beside it the `lanes` that carry it and the `vault` that seals for other stores."""

    def __init__(self, lanes: Lanes, vault: KeyVault, mapper: EnvelopeMapper, streams: Streams) -> None:
        super().__init__(lanes, mapper)
        self.vault, self._streams = vault, streams
        self._observe: Observe = ignore

    async def append(self, events: Sequence[Envelope]) -> int:
        """See `application/ports/facts/event_store.py`."""
        position = await self._streams.append(events)
        with isolated("observed_facts"):  # they are stored, whatever becomes of their count
            self._observe(events)
        return position

    def on_stored(self, observe: Observe, trace: Callable[[], str] = untraced) -> None:
        """Whoever is to hear of each fact that this process stores, and the trace id that each keeps from when it is
        handed over."""
        self._observe, self._mapper.trace = observe, trace

    def slices(self, stream: str, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Envelope]]:
        """See `application/ports/facts/event_store.py`."""
        return self._streams.slices(stream, after=after, upto=upto)

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        """See `application/ports/facts/event_store.py`."""
        return [fact async for facts in self.slices(stream, after=after, upto=upto) for fact in facts]

    async def snapshot(self, envelope: Envelope) -> None:
        """See `application/ports/facts/event_store.py`."""
        await self._streams.snapshot(envelope)

    async def unlock(self, streams: Sequence[str]) -> None:
        """See `application/ports/facts/event_store.py`."""
        await self.vault.streams.unlock(streams)

    def begun(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        """See `application/ports/facts/event_store.py`."""
        return self._streams.begun(tenant, kind, below=below)

    def latest(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        """See `application/ports/facts/event_store.py`."""
        return self._streams.latest(tenant, kind, below=below)

    async def shred(self, stream: str) -> None:
        """See `application/ports/facts/event_store.py`."""
        await self.vault.streams.shred(stream)


@asynccontextmanager
async def open_event_store(
    logins: Logins | Sequence[Logins],
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
    commit of each other. Where several databases hold tenants, `logins` are those of each, `pool` leads to that of a
    tenant, and `worker` only says that the log is read."""
    databases = [logins] if isinstance(logins, Logins) else list(logins)
    for one in databases:
        await verify_login(one.writer)
        await verify_sessions(one.app)
    stores = [_datastores(one, lanes, log=worker is not None) for one in databases]
    recorders = [LaneRecorder(those, lane, owner, lease_s) for those in stores for lane in range(lanes)]
    listeners, keyring = [Listener(one.app.session_url) for one in databases], Keyring()
    for listener in listeners:
        listener.on(SHREDDED, keyring.forget)
        listener.on(RENEWED, keyring.tenants.renewed)
    vault = KeyVault(pool, authority, keyring, worker if len(databases) == 1 else None)
    log = Lanes(recorders, listeners, follows=follows, database_of=partial(database_of, pool))
    mapper = EnvelopeMapper(keyring)
    log.start()
    try:
        yield PostgresEventStore(log, vault, mapper, Streams(log, mapper, keyring, vault.streams, pool))
    finally:
        await log.stop()
        for datastore in (one for those in stores for one in those if one is not None):
            await anyio.to_thread.run_sync(datastore.close)


def _datastores(logins: Logins, lanes: int, *, log: bool) -> Datastores:
    return Datastores(
        writer=open_datastore(logins.writer, connections=lanes),
        streams=open_datastore(logins.app, connections=READERS),
        log=open_datastore(logins.worker, connections=READERS) if log and logins.worker else None,
    )
