"""Ports with a way between: every call of one may be slow, be lost, lose its answer, or find nobody there."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from domain.refusals import DependencyUnavailable
from tests.simulation.node import Node


class Link:
    """`target`, called `dependency`, as a process sees it. Methods named `local` never leave the process."""

    def __init__(self, node: Node, dependency: str, target: Any, local: tuple[str, ...] = ()) -> None:
        self._node, self._dependency, self._target, self._local = node, dependency, target, local

    def __getattr__(self, name: str) -> Any:
        made = self._wrapped(name, getattr(self._target, name))
        self.__dict__[name] = made
        return made

    def _wrapped(self, name: str, found: Any) -> Any:
        if name in self._local:
            return found
        if inspect.isasyncgenfunction(found):

            async def give(*arguments: Any, **named: Any) -> Any:
                await self._node.world.cross(self._node, self._dependency)
                async for item in found(*arguments, **named):
                    self._node.check()
                    yield item

            return give
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            world = self._node.world
            await world.cross(self._node, self._dependency)
            result = await found(*arguments, **named)
            await world.back(self._node, self._dependency)
            return result

        return call


class StoreLink(Link):
    """The event store: an append that was sent is not taken back, is tried again while the database is away, and may
    be stored after its caller was told that nobody knows."""

    APPEND_S = 30.0

    async def append(self, events: Any) -> int:
        """See `EventStore`."""
        work = asyncio.get_running_loop().create_task(self._append(events))
        return await asyncio.shield(work)

    async def _append(self, events: Any) -> int:
        world, node = self._node.world, self._node
        node.check()
        if world.happens(world.odds.late):
            # in a task of its own, for whoever asked hears that the outcome is not known
            world.happened["late_append"] += 1
            world.tell("late_append", node=node.name, stream=events[0].stream[-12:], version=events[0].version)
            asyncio.get_running_loop().create_task(self._late(events))
            await world.cross(node, self._dependency)
            await asyncio.sleep(world.random.choice((0.0, 0.1, 1.0)))
            raise DependencyUnavailable("nobody knows whether it was stored")
        ends = world.now + self.APPEND_S
        while (until := world.cut_until(node.name, self._dependency)) and until < ends:
            await asyncio.sleep(until - world.now)
        await world.cross(node, self._dependency)
        position: int = await self._target.append(events)
        world.tell("stored", node=node.name, stream=events[0].stream[-12:], at=position,
                   facts=",".join(f"{e.version}:{type(e.event).TOPIC}" for e in events))  # fmt: skip
        await world.back(node, self._dependency)
        return position

    async def _late(self, events: Any) -> None:
        world = self._node.world
        await asyncio.sleep(world.random.choice((0.0, 0.05, 0.5, 3.0)))
        self._node.check()
        try:
            await self._target.append(events)
        except Exception as error:
            world.tell("late_append_refused", why=type(error).__name__)
