"""A connection between a client and a process: text frames in order, until it breaks and what is under way is lost."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from tests.simulation.node import Node
from tests.simulation.world import World


class Broken(Exception):
    """It is gone; with the code that the other side closed it with."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class _Way:
    """One direction."""

    def __init__(self) -> None:
        self.frames: deque[str] = deque()
        self._news = asyncio.Event()
        self.closed = 0

    def put(self, text: str) -> None:
        self.frames.append(text)
        self._news.set()

    def close(self, code: int) -> None:
        self.closed = self.closed or code
        self._news.set()

    async def take(self) -> str:
        while not self.frames:
            if self.closed:
                raise Broken(self.closed)
            self._news.clear()
            await self._news.wait()
        return self.frames.popleft()


class Connection:
    """Both ends of it. `server` is what the framework gives the product: receive, send, close."""

    def __init__(self, world: World, node: Node) -> None:
        self.world, self.node = world, node
        self.up, self.down = _Way(), _Way()
        self.server = self

    def end(self, code: int) -> None:
        """Close it; what was sent still arrives."""
        self.up.close(code)
        self.down.close(code)

    def breaks(self) -> None:
        """Lose it, with whatever is under way."""
        self.up.frames.clear()
        lost = self.world.random.randrange(len(self.down.frames) + 1)
        for _ in range(lost):
            self.down.frames.pop()
        self.end(1006)

    async def receive(self) -> dict[str, Any]:
        """See the framework's socket."""
        try:
            return {"type": "websocket.receive", "text": await self.up.take()}
        except Broken:
            return {"type": "websocket.disconnect", "code": 1006}

    async def send(self, message: dict[str, Any]) -> None:
        """See the framework's socket."""
        while self.node.frozen_until > self.world.now:
            await asyncio.sleep(self.node.frozen_until - self.world.now)
        self.node.check()
        if self.down.closed:
            raise ConnectionError("the client is gone")
        self.down.put(message["text"])

    async def close(self, code: int, reason: str) -> None:
        """See the framework's socket."""
        self.node.check()
        self.end(code)
