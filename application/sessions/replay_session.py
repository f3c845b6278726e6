"""A session told again from its facts, slice by slice: each turn whole as it ends, however long ago that was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

from application.execute import SESSION
from application.ports.event_store import EventStore
from domain.event import Shredded
from domain.session.events import SessionErased, TurnCancelled, TurnCompleted, TurnFailed, TurnStarted
from domain.session.state import Session, Turn

ENDS = (TurnCompleted, TurnCancelled, TurnFailed)
LATEST = 2**62
"""A version that no stream reaches: facts alone, no snapshot."""


@dataclass
class Replay:
    """One telling of a session up to `upto` (None: all of it). While it is told `asked_at` is when the latest turn was
    asked. Afterwards `state` is what it remembered then, at `version`; `last` is the version of its last fact; `gone`
    says that it was erased, at whatever version."""

    store: EventStore
    stream: str
    upto: int | None = None
    state: Session = field(default_factory=SESSION.initial)
    version: int = 0
    last: int = 0
    gone: bool = False
    asked_at: datetime | None = None

    async def turns(self) -> AsyncIterator[Turn]:
        """The turns that end, as they do. What each holds is its own until the next is asked for."""
        async for facts in self.store.slices(self.stream, upto=LATEST):
            for fact in facts:
                self.last = fact.version
                self.gone |= isinstance(fact.event, Shredded | SessionErased)
                if self.upto is not None and fact.version > self.upto:
                    continue
                if isinstance(fact.event, TurnStarted):
                    self.asked_at = fact.at
                self.state, self.version = SESSION.evolve(self.state, fact.event), fact.version
                ended = fact.event.turn_id if isinstance(fact.event, ENDS) else ""
                if ended and (turn := self.state.turn(ended)):
                    yield turn

    async def turn(self, turn_id: str) -> Turn | None:
        """A turn that has ended."""
        async for turn in self.turns():
            if turn.turn_id == turn_id:
                return turn
        return None
