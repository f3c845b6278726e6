"""A member stops an answer."""

from __future__ import annotations

from dataclasses import dataclass

from application.sessions.live_session import LiveSession
from application.turns.elsewhere import NOWHERE, Elsewhere
from application.turns.turn_log import Fenced
from domain.refusals import TurnNotFound


@dataclass(frozen=True, slots=True)
class CancelTurnHandler:
    """The turn may run in this process, or `elsewhere`."""

    elsewhere: Elsewhere = NOWHERE

    async def __call__(self, live: LiveSession, turn_id: str) -> None:
        """End the turn at once for whoever watches; TurnNotFound when it has ended or never was."""
        if not await self._cancelled(live, turn_id):
            raise TurnNotFound

    async def _cancelled(self, live: LiveSession, turn_id: str) -> bool:
        run = live.run
        if run is None:
            return await self.elsewhere.cancel(live, turn_id)
        if run.turn_id != turn_id:
            return False
        try:
            return await run.cancel()
        except Fenced:
            return await self.elsewhere.cancel(live, turn_id)
