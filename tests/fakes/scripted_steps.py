"""A model for steps that says what a test wrote for each step, and can be held at a gate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from application.plan.step_request import StepReply, StepRequest
from domain.event import Event
from domain.session.events import StepRun


@dataclass
class ScriptedSteps:
    """A `StepModel`. `replies` by step: texts (or exceptions) one after the other, the last one for ever; a step that
    is not there gets `{}`. A step with a gate waits there, so that a test sees what runs at the same time."""

    replies: Mapping[str, Sequence[str | Exception]] = field(default_factory=dict)
    gates: Mapping[str, asyncio.Event] = field(default_factory=dict)
    asks: list[StepRequest] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, ask: StepRequest) -> StepReply:
        before = sum(asked.step == ask.step for asked in self.asks)
        self.asks.append(ask)
        self.running.add(ask.step)
        self.arrived.set()
        try:
            if gate := self.gates.get(ask.step):
                await gate.wait()
        finally:
            self.running.discard(ask.step)
        replies = self.replies.get(ask.step, ("{}",))
        reply = replies[min(before, len(replies) - 1)]
        if isinstance(reply, Exception):
            raise reply
        return StepReply(reply, "model-1", "tier:fast")

    async def until(self, *steps: str) -> None:
        """Return once exactly these steps are running together."""
        while self.running != set(steps):
            self.arrived.clear()
            await self.arrived.wait()


@dataclass
class Noted:
    """What was noted, in order."""

    events: list[Event] = field(default_factory=list)

    def note(self, event: Event) -> None:
        self.events.append(event)

    @property
    def runs(self) -> dict[str, StepRun]:
        """The steps that ran, by name."""
        return {event.step: event for event in self.events if isinstance(event, StepRun)}
