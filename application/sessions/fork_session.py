"""A member goes on from an earlier version of a session in a new one, which holds copies of the turns up to there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.clock import new_id, now
from application.execute import Context
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.replay_session import Replay
from domain.access import Principal
from domain.event import Event, StreamId
from domain.refusals import InvalidRange, SessionNotFound, TurnNotFound
from domain.session import rules
from domain.session.events import (
    HistorySummarised,
    SessionForked,
    SessionOpened,
    SessionRenamed,
    TurnCopied,
    TurnStarted,
)
from domain.session.state import Session, Turn

FACTS_AT_ONCE = 200
CHARACTERS_AT_ONCE = 1_000_000
"""Of one append: so much of a long session is copied at a time."""


@dataclass(frozen=True, slots=True)
class ForkSessionHandler:
    """The copies are facts of the new session, sealed with its key: neither session needs the other. They are no turns
    that were asked, so nothing counts or bills them."""

    store: EventStore
    sessions: LiveSessions
    tenants: Tenants

    async def __call__(self, principal: Principal, source: LiveSession, version: int) -> LiveSession:
        """The new session. InvalidRange for a version that `source` has not reached; AssistantNotFound when its
        assistant is gone. A long one is copied in several appends: what cuts it off leaves a session that holds the
        turns up to there."""
        if not 1 <= version <= source.held.version:
            raise InvalidRange(f"version: 1 to {source.held.version}.")
        await self.tenants.assistant_for(principal, source.state.assistant)
        live = self.sessions.new(StreamId(principal.tenant, "session", new_id()))
        await live.whole(self._fill(principal, source, version, live))
        return live

    async def version_before(self, source: LiveSession, turn_id: str) -> int:
        """The version at which a turn had not been asked yet; TurnNotFound when it never was."""
        async for facts in self.store.slices(str(source.id), upto=source.held.version):
            for fact in facts:
                if isinstance(fact.event, TurnStarted | TurnCopied) and fact.event.turn_id == turn_id:
                    return fact.version - 1
        raise TurnNotFound("There is no such turn in this session.")

    async def _fill(self, principal: Principal, source: LiveSession, version: int, live: LiveSession) -> None:
        context = Context(principal.user, live.id.id)
        replay, copies, size = Replay(self.store, str(source.id), version), dict[str, str](), 0
        facts: list[Event] = [
            SessionOpened(user=principal.user, assistant=source.state.assistant),
            SessionForked(of=source.id.id, version=version),
        ]
        async for turn in replay.turns():
            copy = copy_of(turn, replay.asked_at or now())
            copies[turn.turn_id] = copy.turn_id
            facts, size = [*facts, copy], size + turn.size
            if len(facts) >= FACTS_AT_ONCE or size >= CHARACTERS_AT_ONCE:
                await self._append(live, facts, context)
                facts, size = [], 0
        if replay.gone:
            raise SessionNotFound
        await self._append(live, [*facts, *what_else(replay.state, copies)], context)

    async def _append(self, live: LiveSession, facts: Sequence[Event], context: Context) -> None:
        await live.commit_within(lambda session: rules.take_over(session, facts), context)


def copy_of(turn: Turn, asked_at: datetime) -> TurnCopied:
    """What a turn said, under an id of its own, without what it cost."""
    assert turn.status != "running", "only turns that have ended are told"
    return TurnCopied(
        turn_id=new_id(),
        of_turn=turn.source_turn or turn.turn_id,
        asked_at=asked_at,
        text=turn.text,
        attachments=turn.attachments,
        status=turn.status,
        answer=turn.answer,
        citations=turn.citations,
        model=turn.model,
        cached=turn.cached,
        finish_reason=turn.finish_reason,
        error_code=turn.error_code,
        error_message=turn.error_message,
    )


def what_else(session: Session, copies: dict[str, str]) -> list[Event]:
    """What else the session remembered, in terms of its copied turns: its title, and what stands for the older ones."""
    found: list[Event] = []
    if session.title:
        found.append(SessionRenamed(title=session.title, chosen=session.title_chosen))
    if through := copies.get(session.summary_through):
        found.append(HistorySummarised(through_turn=through, summary=session.summary))
    return found
