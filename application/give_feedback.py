"""A member rates an answer."""

from __future__ import annotations

from application.execute import Context
from application.live_session import LiveSession
from domain.access import Principal
from domain.session import rules
from domain.session.commands import GiveFeedback


async def give_feedback(principal: Principal, live: LiveSession, command: GiveFeedback) -> None:
    """Store the rating; TurnNotFound when the turn runs or is not there."""
    context = Context(principal.user, command.turn_id)
    await live.commit(lambda session: rules.give_feedback(session, command), context)
