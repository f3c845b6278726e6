"""Commands of many callers on one connection: whatever waits goes in one round trip, each within a deadline."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from adapters.valkey.patience import Patience
from application.clock import monotonic
from application.tasks import TaskSet

PATIENCE_S = 0.045
"""Waited twice. A wait that ends late shows that this process was busy, not the server, and does not count."""
LATE_S = 0.01
MOST_WAITS = 8
AT_ONCE = 128
BATCH_BYTES = 4 * 1024 * 1024
MOST_WAITING = 10_000
MOST_BYTES = 64 * 1024 * 1024


class Pipelined:
    """A client whose commands never queue behind a connection each."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._waiting: deque[tuple[tuple[Any, ...], asyncio.Future[Any]]] = deque()
        self._bytes = 0
        self._encode = client.get_encoder().encode
        self._sending: asyncio.Task[None] | None = None
        self._tasks = TaskSet("valkey_pipeline")
        self._patience = Patience()

    async def execute(self, *command: Any) -> Any:
        """One command's reply. TimeoutError after 0.1 s (of which this process had the machine); the client library's
        errors."""
        # Here, where what cannot be encoded fails its own caller alone. The library goes by the name as it is.
        encoded = (command[0], *map(self._encode, command[1:]))
        size = _size(encoded)
        if len(self._waiting) >= MOST_WAITING or self._bytes + size > MOST_BYTES:
            raise TimeoutError("too many commands wait")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((encoded, reply))
        self._bytes += size
        self._patience.watch(reply)
        if self._sending is None or self._sending.done():
            self._sending = self._tasks.start(self._send())
        return await reply

    async def _send(self) -> None:
        while self._waiting:
            batch = [(command, reply) for command, reply in self._next_batch() if not reply.done()]
            if not batch:
                continue
            pipe = self._client.pipeline(transaction=False)
            for command, _ in batch:
                pipe.execute_command(*command)
            replies = await self._round_trip(pipe, len(batch))
            for (_, reply), value in zip(batch, replies, strict=False):
                if reply.done():
                    continue
                if isinstance(value, Exception):
                    reply.set_exception(value)
                else:
                    reply.set_result(value)

    def _next_batch(self) -> list[tuple[tuple[Any, ...], asyncio.Future[Any]]]:
        batch: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        size = 0
        while self._waiting and len(batch) < AT_ONCE and size < BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += _size(batch[-1][0])
        self._bytes -= size
        return batch

    async def _round_trip(self, pipe: Any, commands: int) -> list[Any]:
        trip = self._tasks.start_awaited(pipe.execute(raise_on_error=False))
        if not await _ends(trip):
            trip.cancel()
            return [TimeoutError("no answer in time")] * commands
        error = TimeoutError("given up") if trip.cancelled() else trip.exception()
        return [error] * commands if error else list(trip.result())


def _size(command: tuple[Any, ...]) -> int:
    return sum(map(len, command))


async def _ends(future: asyncio.Future[Any]) -> bool:
    """Whether it ends within its time."""
    punctual = 0
    for _ in range(MOST_WAITS):
        began = monotonic()
        done, _ = await asyncio.wait([future], timeout=PATIENCE_S)
        if done:
            return True
        punctual += monotonic() - began < PATIENCE_S + LATE_S
        if punctual == 2:
            break
    return False
