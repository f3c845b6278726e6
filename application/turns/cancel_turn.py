"""A member stops an answer."""

from __future__ import annotations

from dataclasses import dataclass

from application.sessions.live_session import LiveSession
from application.turns.turn_log import Fenced
from domain.refusals import TurnNotFound


@dataclass(frozen=True, slots=True)
class CancelTurnHandler:
    """Needs nothing but the session: the turn runs in this process or cannot be stopped here."""

    async def __call__(self, live: LiveSession, turn_id: str) -> None:
        """End the turn at once for whoever watches; TurnNotFound when it has ended or never was."""
        run = live.run
        if run is None or run.turn_id != turn_id:
            raise TurnNotFound
        try:
            cancelled = await run.cancel()
        except Fenced:
            cancelled = False
        if not cancelled:
            raise TurnNotFound
