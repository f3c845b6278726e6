"""The pipe of a simulated installation: it keeps order by expected sequences, and readers lose and repeat."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from application.ports.facts.event_pipe import PipeEnd, PipeMoved
from application.ports.facts.event_store import Recorded
from domain.refusals import DependencyUnavailable
from tests.simulation.world import World


class Reader:
    """A place in the pipe that all processes share which feed the same generation."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.waiting: list[Recorded] = []
        self._handed_out = 0

    async def fetch(self, limit: int, *, timeout_s: float) -> list[Recorded]:
        """See `PipeReader`: once in a while some are missing, come twice, or in another order."""
        world, pipe = self._pipe.world, self._pipe
        ends = world.now + timeout_s
        while not self.waiting and world.now < ends:
            await asyncio.sleep(min(0.25, ends - world.now) + 1e-6)
        found = self.waiting[:limit]
        self._handed_out = len(found)
        if found and world.happens(pipe.shuffle):
            world.random.shuffle(found)
        if "holes" in world.plants:
            found = _without_holes(found)
        return found

    async def acknowledge(self) -> None:
        """See `PipeReader`."""
        del self.waiting[: self._handed_out]
        self._handed_out = 0


class Pipe:
    """`drop`, `repeat` and `shuffle` are chances of a fact on its way to one reader."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kept: list[Recorded] = []
        self.sequence, self.there = 0, False
        self.readers: dict[str, Reader] = {}
        self.drop = self.repeat = self.shuffle = 0.0

    def lose_all(self) -> None:
        """As an operator or a lost disk does."""
        self.kept, self.sequence, self.there, self.readers = [], 0, False, {}

    def check_place(self, name: str, reader: Reader) -> None:
        """A place that went with the stream is an error, as it is with the real one."""
        if self.readers.get(name) is not reader:
            raise DependencyUnavailable("this reader's place went with the stream")

    async def provision(self, lane: int) -> None:
        """See `EventPipe`."""
        self.there = True

    async def end(self, lane: int) -> PipeEnd:
        """See `EventPipe`."""
        if not self.there:
            raise DependencyUnavailable("no stream")
        return PipeEnd(self.kept[-1] if self.kept else None, self.sequence)

    async def publish(self, lane: int, events: Sequence[Recorded], after: PipeEnd) -> PipeEnd:
        """See `EventPipe`."""
        sequence = after.sequence
        for event in events:
            if not self.there or self.sequence != sequence:
                raise PipeMoved
            sequence = self.sequence = sequence + 1
            self.kept.append(event)
            for reader in self.readers.values():
                if not self.world.happens(self.drop):
                    reader.waiting.append(event)
                if self.world.happens(self.repeat):
                    reader.waiting.append(event)
            await asyncio.sleep(0)
        return PipeEnd(events[-1], sequence)

    async def reader(self, lane: int, name: str) -> Reader:
        """See `EventPipe`."""
        if not self.there:
            raise DependencyUnavailable("no stream")
        return self.readers.setdefault(name, Reader(self))

    async def forget(self, lane: int, name: str) -> None:
        """See `EventPipe`."""
        self.readers.pop(name, None)


def _without_holes(facts: list[Recorded]) -> list[Recorded]:
    """The bug: each says that it follows the one before it, whatever lies between."""
    made: list[Recorded] = []
    for fact in sorted(facts, key=lambda fact: fact.position):
        before = made[-1].position if made else None
        made.append(fact if before is None else msgspec.structs.replace(fact, previous=before))
    return made
