"""Messages between the processes of a simulated installation: said at once, and lost, doubled or late as the seed
wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from application.ports.sessions.replicas import Answer, Begun, Hear
from domain.refusals import DependencyUnavailable
from tests.simulation.node import Node
from tests.simulation.world import World

BUS = "bus"


class Bus:
    """`lost`, `doubled` and `late` are chances of one message to one listener."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.links: list[BusLink] = []
        self.answers: dict[str, tuple[Node, Answer]] = {}
        self.hearing: dict[str, dict[str, tuple[Node, Hear]]] = {}
        self.begun: dict[str, tuple[Node, Begun]] = {}
        self.lost = self.doubled = self.late = 0.0


class BusLink:
    """`Replicas` of one process."""

    def __init__(self, node: Node, bus: Bus) -> None:
        self._node, self._bus = node, bus

    async def listen(self, streams: Sequence[str], hear: Hear) -> None:
        """See `Replicas`."""
        await self._node.world.cross(self._node, BUS)
        for stream in streams:
            self._bus.hearing.setdefault(stream, {})[self._node.name] = (self._node, hear)

    async def leave(self, streams: Sequence[str]) -> None:
        """See `Replicas`."""
        for stream in streams:
            self._bus.hearing.get(stream, {}).pop(self._node.name, None)

    async def tell(self, stream: str, message: bytes) -> None:
        """See `Replicas`."""
        await self._node.world.cross(self._node, BUS)
        for node, hear in list(self._bus.hearing.get(stream, {}).values()):
            for late_s in self._deliveries(node):
                node.start(_later(partial(hear, stream, message), late_s))

    async def announce(self, streams: Sequence[str]) -> None:
        """See `Replicas`."""
        await self._node.world.cross(self._node, BUS)
        for node, begun in list(self._bus.begun.values()):
            for late_s in self._deliveries(node):
                node.start(_later(partial(begun, self._node.name, streams), late_s))

    async def hear_begun(self, begun: Begun) -> None:
        """See `Replicas`. As with NATS, it is heard from when there is a way, however late."""
        self._bus.begun[self._node.name] = (self._node, begun)
        await self._node.world.cross(self._node, BUS)

    def _deliveries(self, to: Node) -> list[float]:
        """How late each copy of a message arrives there; none when it is lost."""
        world, bus = self._node.world, self._bus
        if to is self._node or to.dead or world.cut_until(to.name, BUS) or world.happens(bus.lost):
            return []
        copies = 2 if world.happens(bus.doubled) else 1
        return [world.random.choice((0.05, 0.5, 2.0)) if world.happens(bus.late) else 0.0 for _ in range(copies)]

    async def ask(self, process: str, message: bytes, within_s: float) -> bytes:
        """See `Replicas`."""
        world = self._node.world
        await world.cross(self._node, BUS)
        there = self._bus.answers.get(process)
        if there is None or there[0].dead:
            raise DependencyUnavailable("nobody answers")
        node, answer = there
        if world.cut_until(node.name, BUS) or world.happens(self._bus.lost):
            await asyncio.sleep(within_s)
            raise DependencyUnavailable("no answer in time")
        task = node.start(_answered(node, answer, message))
        done, _ = await asyncio.wait({task}, timeout=within_s)
        if not done or task.cancelled() or task.exception() is not None:
            raise DependencyUnavailable("no answer in time")
        await world.back(self._node, BUS)
        result: bytes = task.result()
        return result

    async def answer(self, answer: Answer) -> None:
        """See `Replicas`."""
        self._bus.answers[self._node.name] = (self._node, answer)


async def _later(hear: Callable[[], Awaitable[None]], seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)
    await hear()


async def _answered(node: Node, answer: Answer, message: bytes) -> bytes:
    while node.frozen_until > node.world.now:
        await asyncio.sleep(node.frozen_until - node.world.now)
    return await answer(message)
