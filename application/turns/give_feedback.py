"""A member rates an answer."""

from __future__ import annotations

from dataclasses import dataclass

from application.answer_cache.answer_cache import AnswerCache
from application.execute import Context
from application.sessions.live_session import LiveSession
from domain.access import Principal
from domain.session import rules
from domain.session.commands import GiveFeedback


@dataclass(frozen=True, slots=True)
class GiveFeedbackHandler:
    """An answer that was rated down serves nobody else any more, also when its turn had it from a cache."""

    answers: AnswerCache

    async def __call__(self, principal: Principal, live: LiveSession, command: GiveFeedback) -> None:
        """Store the rating; TurnNotFound when the turn runs or is not there."""
        context = Context(principal.user, command.turn_id)
        await live.commit(lambda session: rules.give_feedback(session, command), context)
        if command.rating == "down":
            turn = live.state.turn(command.turn_id)
            for source in {command.turn_id, turn.source_turn if turn and turn.source_turn else command.turn_id}:
                await self.answers.evict(principal.tenant, source)
