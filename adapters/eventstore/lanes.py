"""All lanes: written through a coalescer each, read on a few threads, and each database of theirs listened to."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import anyio.to_thread
from anyio import CapacityLimiter
from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError, StoredEvent

from adapters.eventstore.coalescer import Coalescer, unreachable
from adapters.eventstore.keyring import NewKey, tenant_of
from adapters.eventstore.listener import Listener
from adapters.eventstore.recorder import LaneRecorder
from application.acting_tenant import acting_tenant
from application.ports.facts.event_store import Recorded

READERS = 4
TENANT_CHANGED = "tenant_changed"
REVOKED = "revoked"


def lane_of(tenant: str, lanes: int) -> int:
    """The lane of its database that holds a tenant's streams, the same for ever while the number of lanes is."""
    return zlib.crc32(tenant.encode()) % lanes


class Lanes:
    """Stored events as bytes. A process that does not follow the log is not woken by each commit of each other.

    There are `each` lanes in every database, which are numbered through: first those of the first one. `database_of`
    says which database a tenant is in, and each has a listener."""

    def __init__(
        self,
        recorders: Sequence[LaneRecorder],
        listeners: Sequence[Listener],
        *,
        follows: bool,
        database_of: Callable[[str], Awaitable[int]],
    ) -> None:
        self._recorders, self.listeners, self._database_of = recorders, listeners, database_of
        self.each = len(recorders) // len(listeners)
        self._coalescers = [Coalescer(recorder, f"append_{lane}") for lane, recorder in enumerate(recorders)]
        self._readers = CapacityLimiter(READERS * len(listeners))
        self._news = [asyncio.Event() for _ in recorders] if follows else []
        for listener in listeners:
            for channel in (TENANT_CHANGED, REVOKED):
                listener.on(channel, lambda _: None)
        for lane, event in enumerate(self._news):
            database, within = divmod(lane, self.each)
            listeners[database].on(f"events_{within}", partial(_ring, event))

    def start(self) -> None:
        """Begin to write and to listen."""
        for listener in self.listeners:
            listener.start()
        for coalescer in self._coalescers:
            coalescer.start()

    async def stop(self) -> None:
        """Write what waits."""
        for coalescer in self._coalescers:
            await coalescer.stop()
        for listener in self.listeners:
            await listener.stop()

    def down(self) -> dict[str, str]:
        """Their loops, as `application.tasks.Loops.down` tells of them."""
        of_lanes = {name: why for coalescer in self._coalescers for name, why in coalescer.loops.down().items()}
        for database, listener in enumerate(self.listeners):
            of_lanes |= {f"{name}_db{database}" if database else name: w for name, w in listener.loops.down().items()}
        return of_lanes

    async def append(self, acting: str, stream: str, stored: list[StoredEvent], keys: list[NewKey]) -> int:
        """Store a stream's events, with its key when it is new, for the tenant that is acted for."""
        return await self._coalescers[await self._lane(tenant_of(stream))].append(acting, stored, keys)

    async def slice(self, acting: str, stream: str, after: int, upto: int) -> tuple[list[Any], bool]:
        """See `LaneRecorder.read_slice`."""
        recorder = self._recorders[await self._lane(tenant_of(stream))]
        found: tuple[list[Any], bool] = await self._read(recorder, recorder.read_slice, acting, stream, after, upto)
        return found

    async def recorded(self, tenant: str, places: Sequence[tuple[str, int]]) -> list[Recorded]:
        """See `application.ports.facts.event_store.RecordedFacts`."""
        acting = acting_tenant(tenant)
        recorder = self._recorders[await self._lane(acting)]
        found: list[Recorded] = await self._read(recorder, recorder.read_places, acting, places)
        return found

    async def log(self, lane: int, after: int, limit: int) -> list[Recorded]:
        """See `LaneRecorder.read_log`."""
        found: list[Recorded] = await self._read(self._recorders[lane], self._recorders[lane].read_log, after, limit)
        return found

    async def head(self, lane: int) -> int:
        """See `LaneRecorder.read_head`."""
        head: int = await self._read(self._recorders[lane], self._recorders[lane].read_head)
        return head

    async def wait_for_news(self, lane: int, deadline_s: float) -> bool:
        """Whether something may have been stored in the lane since the last call; at most `deadline_s` seconds."""
        event = self._news[lane]
        try:
            await asyncio.wait_for(event.wait(), deadline_s)
        except TimeoutError:
            return False
        event.clear()
        return True

    def on_revocation(self, heard: Callable[[], None]) -> None:
        """Call `heard` when credentials were taken back, which is written down in the first database."""
        self.listeners[0].on(REVOKED, lambda _: heard())

    async def _lane(self, tenant: str) -> int:
        return await self._database_of(tenant) * self.each + lane_of(tenant, self.each)

    async def _read(self, recorder: LaneRecorder, read: Callable[..., Any], *arguments: Any) -> Any:
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
