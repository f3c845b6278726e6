"""A conversation that a client brings becomes a session: its earlier turns are known there, and cost nothing."""

from __future__ import annotations

from collections.abc import Sequence

from application.clock import new_id, now
from application.exchanges.exchange import Pair
from application.turns.create_turn import title_of
from domain.event import Event
from domain.session.events import SessionOpened, SessionRenamed, TurnCopied
from domain.session.state import Session

MOST_PAIRS = 200
"""Of a longer past the latest: more than any model is told."""


def imported(session: Session, user: str, assistant: str, earlier: Sequence[Pair]) -> list[Event]:
    """What opens the session and makes the past known in it; nothing when it is there already."""
    if session.user:
        return []
    at = now()
    facts: list[Event] = [SessionOpened(user=user, assistant=assistant)]
    if earlier:
        facts.append(SessionRenamed(title=title_of(earlier[0][0])))
    for question, answer in earlier[-MOST_PAIRS:]:
        facts.append(
            TurnCopied(turn_id=new_id(), of_turn="", asked_at=at, text=question, answer=answer, finish_reason="stop")
        )
    return facts
