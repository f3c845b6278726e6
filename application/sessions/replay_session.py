"""A session told again from its facts, slice by slice: each turn whole as it ends, however long ago that was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

from application.execute import SESSION
from application.ports.facts.event_store import EventStore
from domain.event import Shredded
from domain.ids import MAX_POSITION
from domain.session.events import (
    SessionErased,
    SessionRenamed,
    TurnCancelled,
    TurnCompleted,
    TurnCopied,
    TurnFailed,
    TurnStarted,
)
from domain.session.state import Session, Turn

ENDS = (TurnCompleted, TurnCancelled, TurnFailed, TurnCopied)
"""A version that no stream reaches: facts alone, no snapshot."""


@dataclass
class Replay:
    """One telling of a session from after version `after`, where no turn ran, up to version `upto`. While it is told,
    `asked_at` is when the latest turn was asked, `version` where the telling is and `state` what the session remembered
    then, of what was told, its title by the fact at version `titled`. `gone` says that it was erased."""

    store: EventStore
    stream: str
    upto: int = MAX_POSITION
    after: int = 0
    state: Session = field(default_factory=SESSION.initial)
    version: int = 0
    gone: bool = False
    asked_at: datetime | None = None
    titled: int = 0

    async def turns(self) -> AsyncIterator[Turn]:
        """The turns that end, as they do. What each holds is its own until the next is asked for."""
        async for facts in self.store.slices(self.stream, after=self.after, upto=self.upto):
            for fact in facts:
                event = fact.event
                self.gone |= isinstance(event, Shredded | SessionErased)
                if isinstance(event, TurnStarted | TurnCopied):
                    self.asked_at = event.asked_at if isinstance(event, TurnCopied) else fact.at
                if isinstance(event, SessionRenamed) and (event.chosen or not self.state.title_chosen):
                    self.titled = fact.version
                self.state, self.version = SESSION.evolve(self.state, event), fact.version
                ended = event.turn_id if isinstance(event, ENDS) else ""
                if ended and (turn := self.state.turn(ended)):
                    yield turn

    async def turn(self, turn_id: str) -> Turn | None:
        """A turn that has ended."""
        async for turn in self.turns():
            if turn.turn_id == turn_id:
                return turn
        return None
