"""An event store whose appends of one kind of fact wait for the test, and end as it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from domain.event import Envelope, Event
from tests.fakes.in_memory_event_store import InMemoryEventStore


class HeldStore(InMemoryEventStore):
    """An append of a fact of `held` sets `reached` and waits for `go`. `failures` are raised instead of storing, one an
    append; `losses` are raised although it was stored, as when the answer is lost on its way."""

    def __init__(self, *held: type[Event], beside: InMemoryEventStore | None = None) -> None:
        super().__init__(beside=beside)
        self.held = held
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self.failures: list[BaseException] = []
        self.losses: list[BaseException] = []

    async def append(self, events: Sequence[Envelope]) -> int:
        if not any(isinstance(envelope.event, self.held) for envelope in events):
            return await super().append(events)
        self.reached.set()
        await self.go.wait()
        if self.failures:
            raise self.failures.pop(0)
        position = await super().append(events)
        if self.losses:
            raise self.losses.pop(0)
        return position
