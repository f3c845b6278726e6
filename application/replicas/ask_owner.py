"""Commands for a turn that another process runs: sent to it, else left with its lease, which it renews."""

from __future__ import annotations

from dataclasses import dataclass

from application.ports.facts.leases import TurnOwners
from application.replicas import messages as m
from application.replicas.follow_others import FollowOthers
from application.replicas.questions import Questions
from application.sessions.live_session import LiveSession
from domain.refusals import DependencyUnavailable, Refusal


@dataclass(frozen=True, slots=True)
class AskOwner:
    """See `application/turns/elsewhere.py`."""

    questions: Questions
    following: FollowOthers
    leases: TurnOwners

    async def cancel(self, live: LiveSession, turn_id: str) -> bool:
        """End the turn, now or, where its process cannot be asked, as soon as that renews its lease or loses it."""
        await live.refresh()
        running, stream = live.state.running, str(live.id)
        if running is None or running.turn_id != turn_id:
            return False
        try:
            return (await self._ask(stream, m.CancelTurn(turn_id))).done
        except (DependencyUnavailable, m.NotOurMessage):
            return await self.leases.wish_cancelled(stream, turn_id)

    async def look(self, live: LiveSession) -> None:
        """Say it, if that can be said at once; the turn looks by itself every second."""
        try:
            await self._ask(str(live.id), m.LookAgain())
        except (Refusal, m.NotOurMessage):
            return

    async def _ask(self, stream: str, question: m.Question) -> m.Answered:
        owner = self.following.owner_of(stream) or (await self.leases.owners([stream])).get(stream, "")
        if owner in ("", self.questions.process):
            raise DependencyUnavailable("Nobody runs that turn now.")
        return await self.questions.ask(owner, stream, question)
