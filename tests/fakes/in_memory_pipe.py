"""An event pipe in memory that can be away, lose acknowledgements, repeat, shuffle and forget."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from application.ports.facts.event_pipe import PipeEnd, PipeMoved
from application.ports.facts.event_store import Recorded, is_full
from domain.refusals import DependencyUnavailable


class InMemoryPipe:
    """`faults` gives the chances (0..1): `lose_ack`, `drop`, `repeat`, `shuffle`."""

    def __init__(self, seed: int = 0, **faults: float) -> None:
        self.kept: dict[int, list[Recorded]] = {}
        self.sequence: dict[int, int] = {}
        self.readers: dict[tuple[int, str], InMemoryReader] = {}
        self.published: list[Recorded] = []
        self.away = False
        self.faults, self.random = faults, random.Random(seed)
        self.news = asyncio.Condition()

    def happens(self, fault: str) -> bool:
        return self.random.random() < self.faults.get(fault, 0)

    def check(self) -> None:
        if self.away:
            raise DependencyUnavailable("The pipe is away.")

    def delete(self, lane: int) -> None:
        """As an operator or a lost disk does."""
        self.kept.pop(lane, None)
        self.sequence.pop(lane, None)
        self.readers = {key: reader for key, reader in self.readers.items() if key[0] != lane}

    async def provision(self, lane: int) -> None:
        self.check()
        self.kept.setdefault(lane, [])
        self.sequence.setdefault(lane, 0)

    async def end(self, lane: int) -> PipeEnd:
        self.check()
        if lane not in self.kept:
            raise DependencyUnavailable("no stream")
        return PipeEnd(self.kept[lane][-1] if self.kept[lane] else None, self.sequence[lane])

    async def publish(self, lane: int, events: Sequence[Recorded], after: PipeEnd) -> PipeEnd:
        sequence = after.sequence
        for event in events:
            await asyncio.sleep(0)
            self.check()
            if lane not in self.kept or self.sequence[lane] != sequence:
                raise PipeMoved
            sequence += 1
            self.kept[lane].append(event)
            self.published.append(event)
            self.sequence[lane] = sequence
            for (of, _), reader in self.readers.items():
                if of == lane:
                    reader.offer(event)
            async with self.news:
                self.news.notify_all()
            if self.happens("lose_ack"):
                raise DependencyUnavailable("the acknowledgement was lost")
        return PipeEnd(events[-1], sequence)

    async def reader(self, lane: int, name: str) -> InMemoryReader:
        self.check()
        return self.readers.setdefault((lane, name), InMemoryReader(self, lane, name))

    async def forget(self, lane: int, name: str) -> None:
        self.check()
        self.readers.pop((lane, name), None)


class InMemoryReader:
    """See `InMemoryPipe`."""

    def __init__(self, pipe: InMemoryPipe, lane: int, name: str) -> None:
        self._pipe, self._key = pipe, (lane, name)
        self._waiting: list[Recorded] = []
        self._handed_out = 0

    def offer(self, event: Recorded) -> None:
        if not self._pipe.happens("drop"):
            self._waiting.append(event)
        if self._pipe.happens("repeat"):
            self._waiting.append(event)

    async def fetch(self, limit: int, *, timeout_s: float) -> list[Recorded]:
        async with self._pipe.news:
            try:
                await asyncio.wait_for(self._pipe.news.wait_for(self._ready), timeout_s)
            except TimeoutError:
                return []
        self._pipe.check()
        if self._pipe.readers.get(self._key) is not self:
            raise DependencyUnavailable("this reader's place went with the stream")
        found: list[Recorded] = []
        for fact in self._waiting[:limit]:
            if is_full(found, limit):
                break
            found.append(fact)
        if self._pipe.happens("shuffle"):
            self._pipe.random.shuffle(found)
        self._handed_out = len(found)
        return found

    def _ready(self) -> bool:
        gone = self._pipe.readers.get(self._key) is not self
        return bool(self._waiting) or self._pipe.away or gone

    async def acknowledge(self) -> None:
        self._pipe.check()
        del self._waiting[: self._handed_out]
        self._handed_out = 0
