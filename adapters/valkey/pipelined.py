"""Commands of many callers on one connection: whatever waits goes in one round trip, each within a deadline."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

DEADLINE_S = 0.08
GRACE_S = 0.02
"""After the deadline the loop looks once more: an answer that came while this process was busy is still taken."""
AT_ONCE = 128
MOST_WAITING = 10_000


class Pipelined:
    """A client whose commands never queue behind a connection each."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._waiting: deque[tuple[tuple[Any, ...], asyncio.Future[Any]]] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def execute(self, *command: Any) -> Any:
        """One command's reply. TimeoutError after 0.1 s; the client library's errors."""
        if len(self._waiting) >= MOST_WAITING:
            raise TimeoutError("too many commands wait")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, reply))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        for patience in (DEADLINE_S, GRACE_S):
            done, _ = await asyncio.wait([reply], timeout=patience)
            if done:
                return reply.result()
        reply.cancel()
        raise TimeoutError("no answer in time")

    async def _send(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            batch = [(command, reply) for command, reply in batch if not reply.done()]
            if not batch:
                continue
            pipe = self._client.pipeline(transaction=False)
            for command, _ in batch:
                pipe.execute_command(*command)
            try:
                async with asyncio.timeout(DEADLINE_S + GRACE_S):
                    replies = await pipe.execute(raise_on_error=False)
            except Exception as error:
                replies = [error] * len(batch)
            except BaseException:
                for _, reply in batch:
                    reply.cancel()
                raise
            for (_, reply), value in zip(batch, replies, strict=True):
                if reply.done():
                    continue
                if isinstance(value, Exception):
                    reply.set_exception(value)
                else:
                    reply.set_result(value)
