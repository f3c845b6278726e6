"""An event store in memory: the same rules of versions, leases and keys, without a database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from application.ports.facts.event_store import Recorded, is_full
from domain.event import TOPICS, Envelope, Event, Shredded, Snapshot, Unknown
from domain.refusals import Conflict, DependencyUnavailable, SessionNotFound

SLICE = 500
STARTS = ("turn.started.", "turn.resumed.", "turn.follow_up_due.")
ENDS = ("turn.completed.", "turn.cancelled.", "turn.failed.", "turn.followed_up.")


class InMemoryEventStore:
    """One lane. `away` makes every call fail as an unreachable database does. A store `beside` another is a second
    process on the same database."""

    def __init__(self, *, owner: str = "here", beside: InMemoryEventStore | None = None) -> None:
        self.owner, self.away = owner, False
        self.log: list[Envelope] = beside.log if beside else []
        self.running: dict[str, str] = beside.running if beside else {}
        self.wished: dict[str, str] = beside.wished if beside else {}
        self.expired: set[str] = beside.expired if beside else set()
        self.shredded: set[str] = beside.shredded if beside else set()
        self.snapshots: dict[str, Envelope] = beside.snapshots if beside else {}
        self._tenant_changed: list[Callable[[str], None]] = beside._tenant_changed if beside else []
        self._news: asyncio.Event = beside._news if beside else asyncio.Event()

    def _check(self) -> None:
        if self.away:
            raise DependencyUnavailable

    async def append(self, events: Sequence[Envelope]) -> int:
        await asyncio.sleep(0)
        self._check()
        stream = events[0].stream
        last = max((e.version for e in self.log if e.stream == stream), default=0)
        if stream in self.shredded and any(type(e.event).PRIVATE for e in events):
            raise SessionNotFound
        if [e.version for e in events] != list(range(last + 1, last + 1 + len(events))):
            raise Conflict
        for event in events:
            self.log.append(msgspec.structs.replace(event, position=len(self.log) + 1))
            self._keep_lease(stream, type(event.event).TOPIC)
        self._news.set()
        tenant, kind, _ = stream.split("/", 2)
        for heard in self._tenant_changed if kind == "tenant" else ():
            heard(tenant)
        return len(self.log)

    def _keep_lease(self, stream: str, topic: str) -> None:
        if topic.startswith(STARTS):
            self.running[stream] = self.owner
            self.expired.discard(stream)
        elif topic.startswith(ENDS):
            self.running.pop(stream, None)
            self.wished.pop(stream, None)

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        self._check()
        snapshot = self.snapshots.get(stream) if after == 0 and upto is None else None
        if snapshot and not (isinstance(snapshot.event, Snapshot) and snapshot.event.fits):
            snapshot = None
        start = snapshot.version if snapshot else after
        facts = [
            self._as_stored(e)
            for e in self.log
            if e.stream == stream and start < e.version <= (e.version if upto is None else upto)
        ]
        return [snapshot, *facts] if snapshot else facts

    async def slices(self, stream: str, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Envelope]]:
        facts = await self.load(stream, after=after, upto=upto)
        for start in range(0, len(facts), SLICE):
            yield facts[start : start + SLICE]

    def _as_stored(self, envelope: Envelope) -> Envelope:
        topic = type(envelope.event).TOPIC
        if TOPICS.get(topic) is not type(envelope.event):
            return msgspec.structs.replace(envelope, event=Unknown(topic=topic))
        gone = TOPICS[topic].PRIVATE and envelope.stream in self.shredded
        return msgspec.structs.replace(envelope, event=Shredded(topic=topic)) if gone else envelope

    async def snapshot(self, envelope: Envelope) -> None:
        known = self.snapshots.get(envelope.stream)
        if known is None or known.version < envelope.version:
            self.snapshots[envelope.stream] = envelope

    async def read_log(self, lane: int, *, after: int, limit: int) -> list[Recorded]:
        self._check()
        facts: list[Recorded] = []
        for envelope in self.log[after : after + limit]:
            if is_full(facts, limit):
                break
            facts.append(recorded(envelope))
        return facts

    async def head(self, lane: int) -> int:
        self._check()
        return len(self.log)

    async def wait_for_news(self, lane: int, deadline_s: float) -> bool:
        try:
            await asyncio.wait_for(self._news.wait(), deadline_s)
        except TimeoutError:
            return False
        self._news.clear()
        return True

    def on_tenant_change(self, heard: Callable[[str], None]) -> None:
        self._tenant_changed.append(heard)

    def open(self, recorded: Recorded) -> Envelope:
        *_, fields = msgspec.msgpack.decode(recorded.state)
        kind = TOPICS.get(recorded.topic)
        event = msgspec.convert(fields, kind) if kind else Unknown(topic=recorded.topic)
        return self._as_stored(opened(recorded, event)) if kind else opened(recorded, event)

    def heading(self, recorded: Recorded) -> Envelope:
        return opened(recorded, Shredded(topic=recorded.topic))

    async def unlock(self, streams: Sequence[str]) -> None:
        return None

    async def begun(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        found: dict[str, Envelope] = {}
        for fact in self._of_kind(tenant, kind, below):
            found.setdefault(fact.stream, fact)
        yield [_bare(fact) for fact in found.values()]

    async def latest(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        yield [_bare(fact) for fact in {fact.stream: fact for fact in self._of_kind(tenant, kind, below)}.values()]

    def _of_kind(self, tenant: str, kind: str, below: str) -> list[Envelope]:
        self._check()
        ours = [fact for fact in self.log if fact.stream.startswith(f"{tenant}/{kind}/")]
        there = [fact for fact in ours if fact.stream not in self.shredded]
        return [fact for fact in there if not below or fact.stream.rpartition("/")[2] < below]

    async def shred(self, stream: str) -> None:
        self.shredded.add(stream)
        self.snapshots.pop(stream, None)


def _bare(envelope: Envelope) -> Envelope:
    """What can be told of it without a key."""
    event = type(envelope.event)
    return msgspec.structs.replace(envelope, event=Shredded(topic=event.TOPIC)) if event.PRIVATE else envelope


def recorded(envelope: Envelope) -> Recorded:
    """The envelope as bytes; its position follows the one before it without a gap."""
    about = (envelope.at, envelope.actor, envelope.correlation_id, envelope.causation_id, envelope.event)
    return Recorded(
        envelope.position,
        envelope.position - 1,
        envelope.stream,
        envelope.version,
        type(envelope.event).TOPIC,
        msgspec.msgpack.encode(about),
    )


def opened(recorded: Recorded, event: Event) -> Envelope:
    """Bytes to an envelope around `event`."""
    at, actor, correlation, causation, _ = msgspec.msgpack.decode(recorded.state)
    return Envelope(
        stream=recorded.stream,
        version=recorded.version,
        at=at,
        event=event,
        actor=actor,
        correlation_id=correlation,
        causation_id=causation,
        position=recorded.position,
    )
