"""An event store in memory: the same rules of versions, leases and keys, without bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from application.ports.event_store import Recorded
from domain.event import TOPICS, Envelope, Shredded
from domain.refusals import Conflict, DependencyUnavailable

STARTS = ("turn.started.", "turn.resumed.")
ENDS = ("turn.completed.", "turn.cancelled.", "turn.failed.")


class InMemoryEventStore:
    """One lane. `away` makes every call fail as an unreachable database does."""

    def __init__(self) -> None:
        self.log: list[Envelope] = []
        self.running: dict[str, str] = {}
        self.shredded: set[str] = set()
        self.snapshots: dict[str, Envelope] = {}
        self.away = False
        self.owner = "here"
        self._news = asyncio.Event()

    def _check(self) -> None:
        if self.away:
            raise DependencyUnavailable

    async def append(self, events: Sequence[Envelope]) -> int:
        await asyncio.sleep(0)
        self._check()
        stream = events[0].stream
        last = max((e.version for e in self.log if e.stream == stream), default=0)
        if [e.version for e in events] != list(range(last + 1, last + 1 + len(events))):
            raise Conflict
        for event in events:
            self.log.append(msgspec.structs.replace(event, position=len(self.log) + 1))
            topic = type(event.event).TOPIC
            if topic.startswith(STARTS):
                self.running[stream] = self.owner
            elif topic.startswith(ENDS):
                self.running.pop(stream, None)
        self._news.set()
        return len(self.log)

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        self._check()
        snapshot = self.snapshots.get(stream) if after == 0 and upto is None else None
        start = snapshot.version if snapshot else after
        facts = [
            self._as_stored(e)
            for e in self.log
            if e.stream == stream and start < e.version <= (e.version if upto is None else upto)
        ]
        return [snapshot, *facts] if snapshot else facts

    def _as_stored(self, envelope: Envelope) -> Envelope:
        event = envelope.event
        if type(event).PRIVATE and envelope.stream in self.shredded:
            return msgspec.structs.replace(envelope, event=Shredded(topic=type(event).TOPIC))
        return envelope

    async def snapshot(self, envelope: Envelope) -> None:
        self.snapshots.setdefault(envelope.stream, envelope)

    async def read_log(self, lane: int, *, after: int, limit: int) -> list[Recorded]:
        self._check()
        return [
            Recorded(
                e.position,
                e.position - 1,
                e.stream,
                e.version,
                type(e.event).TOPIC,
                msgspec.msgpack.encode((e.at, e.actor, e.correlation_id, e.causation_id, e.event)),
            )
            for e in self.log[after : after + limit]
        ]

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

    def open(self, recorded: Recorded) -> Envelope:
        at, actor, correlation, causation, raw = msgspec.msgpack.decode(recorded.state)
        event = msgspec.convert(raw, TOPICS[recorded.topic])
        envelope = Envelope(
            stream=recorded.stream,
            version=recorded.version,
            at=at.astimezone(self.log[0].at.tzinfo) if hasattr(at, "astimezone") else self.log[0].at,
            event=event,
            actor=actor,
            correlation_id=correlation,
            causation_id=causation,
            position=recorded.position,
        )
        return self._as_stored(envelope)

    def heading(self, recorded: Recorded) -> Envelope:
        at, actor, correlation, causation, _ = msgspec.msgpack.decode(recorded.state)
        return Envelope(
            stream=recorded.stream,
            version=recorded.version,
            at=at,
            event=Shredded(topic=recorded.topic),
            actor=actor,
            correlation_id=correlation,
            causation_id=causation,
            position=recorded.position,
        )

    async def unlock(self, streams: Sequence[str]) -> None:
        return None

    async def shred(self, stream: str) -> None:
        self.shredded.add(stream)
        self.snapshots.pop(stream, None)
