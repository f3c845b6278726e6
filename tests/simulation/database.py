"""The database of a simulated installation: streams and their log, leases, places of read models, locks of leaders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from application.acting_tenant import acting_tenant
from application.tasks import pause
from domain.event import Envelope, StreamId
from domain.refusals import Conflict, DependencyUnavailable, SessionNotFound
from domain.session.events import CacheMissed, ToolCalled, TurnStarted
from projections.positions import Generation, Superseded
from tests.fakes.in_memory_event_store import ENDS, STARTS, InMemoryEventStore
from tests.simulation.node import Node
from tests.simulation.world import World

LEASE_S = 6.0
TRY_S = 0.5
DATABASE = "database"


@dataclass
class Lease:
    """A row of the running turns, by the database's own clock."""

    owner: str
    expires: float
    cancel: str = ""


@dataclass
class Database:
    """What all processes share. With the bug `fence` whoever writes late is let through; with `dedupe` the ids by
    which clients repeat themselves are forgotten; with `intents`, calls of tools."""

    world: World
    store: InMemoryEventStore = field(default_factory=InMemoryEventStore)
    streams: dict[str, list[Envelope]] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    live: dict[str, Generation] = field(default_factory=dict)
    places: dict[tuple[str, int, int], int] = field(default_factory=dict)
    leaders: dict[str, Node] = field(default_factory=dict)


class ProcessStore(InMemoryEventStore):
    """The event store as one process calls it; it says, as the real one does, when work names another tenant."""

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(owner=owner, beside=database.store)
        self._database = database

    async def append(self, events: Sequence[Envelope]) -> int:
        database, stream = self._database, events[0].stream
        acting_tenant(StreamId.parse(stream).tenant)
        known = database.streams.setdefault(stream, [])
        if "fence" in database.world.plants:
            events = [msgspec.structs.replace(e, version=len(known) + n) for n, e in enumerate(events, 1)]
        if [e.version for e in events] != list(range(len(known) + 1, len(known) + 1 + len(events))):
            raise Conflict
        if stream in self.shredded and any(type(e.event).PRIVATE for e in events):
            raise SessionNotFound
        for event in events:
            stored = msgspec.structs.replace(event, position=len(self.log) + 1)
            self.log.append(stored)
            known.append(stored)
            self._lease(stream, type(event.event).TOPIC)
        self._news.set()
        return len(self.log)

    def _lease(self, stream: str, topic: str) -> None:
        leases = self._database.leases
        if topic.startswith(STARTS):
            leases[stream] = Lease(self.owner, self._database.world.now + LEASE_S)
        elif topic.startswith(ENDS):
            leases.pop(stream, None)

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        acting_tenant(StreamId.parse(stream).tenant)
        facts = self._database.streams.get(stream, [])[after:upto]
        if "dedupe" in self._database.world.plants:
            return [_without_client(fact) for fact in facts]
        if "intents" in self._database.world.plants:
            return [_without_intent(fact) for fact in facts]
        return [self._as_stored(fact) for fact in facts] if stream in self.shredded else list(facts)

    async def wait_for_news(self, lane: int, deadline_s: float) -> bool:
        if not self._news.is_set():
            await asyncio.sleep(deadline_s)
        found = self._news.is_set()
        self._news.clear()
        return found


def _without_intent(fact: Envelope) -> Envelope:
    if not isinstance(fact.event, ToolCalled):
        return fact
    return msgspec.structs.replace(fact, event=CacheMissed(turn_id=fact.event.turn_id))


def _without_client(fact: Envelope) -> Envelope:
    event = fact.event
    if not isinstance(event, TurnStarted):
        return fact
    return msgspec.structs.replace(fact, event=msgspec.structs.replace(event, client_id=""))


class ProcessLeases:
    """See `Leases`."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database, self._owner = database, owner

    async def renew(self, streams: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for stream in streams:
            lease = self._database.leases.get(stream)
            if lease is not None and lease.owner == self._owner:
                lease.expires = self._database.world.now + LEASE_S
                if lease.cancel:
                    found[stream] = lease.cancel
        return found

    async def owners(self, streams: Sequence[str]) -> Mapping[str, str]:
        leases = self._database.leases
        return {stream: leases[stream].owner for stream in streams if stream in leases}

    async def wish_cancelled(self, stream: str, turn_id: str) -> bool:
        lease = self._database.leases.get(stream)
        if lease is not None:
            lease.cancel = turn_id
        return lease is not None

    async def claim_expired(self, limit: int) -> list[str]:
        now, leases = self._database.world.now, self._database.leases
        claimed = [stream for stream, lease in leases.items() if lease.expires < now][:limit]
        for stream in claimed:
            leases[stream].owner, leases[stream].expires = self._owner, now + LEASE_S
        return claimed


class ProcessPlaces:
    """See `ViewPlaces`: a transaction's effects are kept when it commits, all or none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def live(self, name: str) -> Generation | None:
        return self._database.live.get(name)

    async def of(self, name: str, generation: int, lane: int) -> int:
        return self._database.places.setdefault((name, generation, lane), 0)

    @asynccontextmanager
    async def moving(self, name: str, generation: int, lane: int, old: int, new: int) -> AsyncIterator[Any]:
        place, effects = (name, generation, lane), list[Any]()
        if self._database.places.get(place, 0) != old:
            raise Superseded
        yield effects
        if self._database.places.get(place, 0) != old:
            raise Superseded
        for effect in effects:
            effect()
        self._database.places[place] = new

    async def note_relay(self, lane: int, position: int) -> None:
        self._database.places["relay", 0, lane] = position


class PlacesLink:
    """`ProcessPlaces` with a way between, which may break at the commit: before it, or when it is done."""

    def __init__(self, node: Node, database: Database) -> None:
        self._node, self._places = node, ProcessPlaces(database)

    async def live(self, name: str) -> Generation | None:
        await self._node.world.cross(self._node, DATABASE)
        return await self._places.live(name)

    async def of(self, name: str, generation: int, lane: int) -> int:
        await self._node.world.cross(self._node, DATABASE)
        return await self._places.of(name, generation, lane)

    @asynccontextmanager
    async def moving(self, name: str, generation: int, lane: int, old: int, new: int) -> AsyncIterator[Any]:
        world = self._node.world
        await world.cross(self._node, DATABASE)
        async with self._places.moving(name, generation, lane, old, new) as connection:
            yield connection
            await world.cross(self._node, DATABASE)
        await world.back(self._node, DATABASE)

    async def note_relay(self, lane: int, position: int) -> None:
        await self._node.world.cross(self._node, DATABASE)
        await self._places.note_relay(lane, position)


class Locked:
    """See `Leader`."""

    def __init__(self, database: Database, node: Node, what: str) -> None:
        self._database, self._node, self._what = database, node, what

    async def check(self) -> None:
        await self._node.world.cross(self._node, DATABASE)
        if self._database.leaders.get(self._what) is not self._node:
            raise DependencyUnavailable("The connection that holds the lead is lost.")


def leading(database: Database, node: Node) -> Any:
    """`Lead` of a process. Whoever is dead leads no more; who is cut off or frozen may be relieved, as by a server that
    gave up its connection."""

    @asynccontextmanager
    async def lead(what: str, stop: asyncio.Event) -> AsyncIterator[Locked | None]:
        await node.world.cross(node, DATABASE)
        while not stop.is_set() and not _may_lead(database, node, what):
            await pause(stop, TRY_S)
            await node.world.cross(node, DATABASE)
        if stop.is_set():
            yield None
            return
        database.leaders[what] = node
        try:
            yield Locked(database, node, what)
        finally:
            if database.leaders.get(what) is node:
                del database.leaders[what]

    return lead


def _may_lead(database: Database, node: Node, what: str) -> bool:
    holder = database.leaders.get(what)
    if holder is None or holder is node or holder.dead:
        return True
    gone = max(holder.frozen_until, database.world.cut_until(holder.name, DATABASE)) > database.world.now
    return gone and database.world.happens(0.3)
