"""Equal questions that are asked at once: one is answered by a model, the others wait for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

import structlog

from application.clock import monotonic, new_id
from application.ports.models.answer_cache import ExactCache
from application.tasks import TaskSet, isolated

LEAD_S, RENEW_S = 5.0, 1.5
"""For how long somebody leads without saying so again: a process that dies holds up the others no longer than this."""
ASK_S = 0.05
FIRST_PAUSE_S, LAST_PAUSE_S = 0.02, 0.25
log = structlog.get_logger()
T = TypeVar("T")
Look = Callable[[], Awaitable[T | None]]


class _Led(Generic[T]):
    """A question that is being answered in this process."""

    def __init__(self) -> None:
        self.answer: T | None = None
        self.over = asyncio.Event()


class StampedeLock(Generic[T]):
    """Of many who ask the same at once one leads, and asks a model: within the process by an event, between processes
    by a lead with a token that expires. Without Valkey each process has a leader of its own."""

    def __init__(self, exactly: ExactCache) -> None:
        self._exactly = exactly
        self._led: dict[bytes, _Led[T]] = {}
        self._tasks = TaskSet("answer_lead")

    def answered(self, key: bytes, answer: T) -> None:
        """What those who wait in this process will get."""
        if led := self._led.get(key):
            led.answer = answer

    @asynccontextmanager
    async def leading(self, tenant: str, key: bytes, deadline_s: float, look: Look[T]) -> AsyncIterator[T | None]:
        """An answer that somebody else made meanwhile, or None to whoever shall make it, at the latest after
        `deadline_s`. `look` looks into the cache that all processes share."""
        until = monotonic() + deadline_s
        while led := self._led.get(key):
            await _wait(led.over, until)
            if led.answer is not None or not led.over.is_set():
                yield led.answer
                return
        led = self._led[key] = _Led()
        try:
            async with self._lead(tenant, key, until, look) as found:
                led.answer = found
                yield found
        finally:
            del self._led[key]
            led.over.set()

    @asynccontextmanager
    async def _lead(self, tenant: str, key: bytes, until: float, look: Look[T]) -> AsyncIterator[T | None]:
        token = new_id()
        found = await self._claim(tenant, key, token, until, look)
        keeping = self._tasks.start(self._keep(tenant, key, token))
        try:
            yield found
        finally:
            keeping.cancel()
            with suppress(Exception):  # then it expires
                async with asyncio.timeout(ASK_S):
                    await self._exactly.resign(tenant, key, token)

    async def _claim(self, tenant: str, key: bytes, token: str, until: float, look: Look[T]) -> T | None:
        """Lead, or find what the leader of another process has stored. Looks once more after it was given the lead: the
        last leader may just have gone."""
        pause = FIRST_PAUSE_S
        while not await self._leads(tenant, key, token):
            if (found := await look()) is not None:
                return found
            if monotonic() + pause >= until:
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LAST_PAUSE_S)
        return await look()

    async def _leads(self, tenant: str, key: bytes, token: str) -> bool:
        try:
            async with asyncio.timeout(ASK_S):
                return await self._exactly.lead(tenant, key, token, LEAD_S)
        except Exception as error:  # without Valkey this process leads for itself
            log.warning("lead_not_shared", error=type(error).__name__)
            return True

    async def _keep(self, tenant: str, key: bytes, token: str) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with isolated("answer_lead"):
                await self._leads(tenant, key, token)


async def _wait(event: asyncio.Event, until: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(until - monotonic()):
            await event.wait()
