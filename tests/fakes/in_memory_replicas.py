"""Processes that talk in memory; each may be cut off from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context

from application.ports.sessions.replicas import Answer, Begun, Hear
from domain.refusals import DependencyUnavailable


class InMemoryReplicas:
    """One process's side; `beside` another it is a second process of the same installation. `away` cuts this one off.
    What was carried is in `carried`, for tests to look into."""

    def __init__(self, process: str = "here", beside: InMemoryReplicas | None = None) -> None:
        self._process, self.away = process, False
        self.carried: list[tuple[str, bytes]] = beside.carried if beside else []
        self._all: dict[str, InMemoryReplicas] = beside._all if beside else {}
        self._all[process] = self
        self.hearing: dict[str, Hear] = {}
        self._answer: Answer | None = None
        self._begun: Begun | None = None

    def _check(self) -> None:
        if self.away:
            raise DependencyUnavailable

    async def listen(self, streams: Sequence[str], hear: Hear) -> None:
        self._check()
        self.hearing |= dict.fromkeys(streams, hear)

    async def leave(self, streams: Sequence[str]) -> None:
        for stream in streams:
            self.hearing.pop(stream, None)

    async def tell(self, stream: str, message: bytes) -> None:
        self._check()
        self.carried.append((stream, message))
        for other in list(self._all.values()):
            if other is not self and not other.away and (hear := other.hearing.get(stream)):
                await asyncio.create_task(_heard(hear, stream, message), context=Context())

    async def announce(self, streams: Sequence[str]) -> None:
        self._check()
        self.carried.append((" ".join(streams), b""))
        for other in list(self._all.values()):
            if other is not self and not other.away and other._begun:
                await asyncio.create_task(_announced(other._begun, self._process, streams), context=Context())

    async def hear_begun(self, begun: Begun) -> None:
        self._check()
        self._begun = begun

    async def ask(self, process: str, message: bytes, within_s: float) -> bytes:
        self._check()
        self.carried.append((process, message))
        asked = self._all.get(process)
        if asked is None or asked.away or asked._answer is None:
            raise DependencyUnavailable
        await asyncio.sleep(0)
        # It is another process: what is acted for here is not known there.
        answer = await asyncio.create_task(_answer_of(asked._answer, message), context=Context())
        self.carried.append((process, answer))
        return answer

    async def answer(self, answer: Answer) -> None:
        self._check()
        self._answer = answer


async def _answer_of(answer: Answer, message: bytes) -> bytes:
    return await answer(message)


async def _announced(begun: Begun, process: str, streams: Sequence[str]) -> None:
    await begun(process, streams)


async def _heard(hear: Hear, stream: str, message: bytes) -> None:
    await hear(stream, message)
