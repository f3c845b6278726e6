"""A simulated process: a name, a clock, the tasks that run in it; it can be killed, frozen, cut off."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any

from application.clock import go_by
from tests.simulation.world import START_S, World

_node: contextvars.ContextVar[Node | None] = contextvars.ContextVar("node", default=None)


class Timepiece:
    """The clock of a process: the run's own, and how far its wall clock is off. Ids are drawn from the seed."""

    def __init__(self, world: World) -> None:
        self._world, self._ms, self._count = world, 0, 0
        self.off_s = 0.0

    def monotonic(self) -> float:
        return self._world.now

    def time(self) -> float:
        return START_S + self._world.now + self.off_s

    def new_id(self) -> str:
        ms = int(self.time() * 1000)
        self._count = (self._count + 1) & 0xFFF if ms == self._ms else 0
        self._ms = ms
        drawn = self._world.random.getrandbits(62) | 1 << 63
        head, tail = f"{ms:012x}", f"{drawn:016x}"
        return f"{head[:8]}-{head[8:]}-7{self._count:03x}-{tail[:4]}-{tail[4:]}"


class Node:
    """Whatever is started in it ends with it; what is dead reaches nobody."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name, self.dead = world, name, False
        self.frozen_until = 0.0
        self.clock = Timepiece(world)
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self._context = contextvars.Context()
        self._context.run(_node.set, self)
        self._context.run(go_by, self.clock)

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run it in this process, in a context that knows of no caller."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    def check(self) -> None:
        """Nothing is sent by the dead."""
        if self.dead:
            raise asyncio.CancelledError

    def kill(self) -> None:
        """As by SIGKILL. Its tasks are unwound so that nothing of them is left, but their ports are closed already."""
        self.dead = True
        for task in tuple(self.tasks):
            task.cancel()

    async def gone(self) -> None:
        """Until the last of its tasks has ended."""
        for _ in range(50):
            if not self.tasks:
                return
            for task in tuple(self.tasks):
                task.cancel()
            await asyncio.wait(tuple(self.tasks), timeout=1.0)


def keep_tasks(loop: asyncio.AbstractEventLoop, work: Any, context: contextvars.Context | None = None) -> Any:
    """The loop's task factory: each task is known to the process that it runs in."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    node = _node.get() if context is None else context.get(_node)
    if node is not None:
        node.tasks[task] = None
        task.add_done_callback(node.tasks.pop)
        if node.dead:
            task.cancel()
    return task
