"""A member stops an answer."""

from __future__ import annotations

from application.sessions.live_session import LiveSession
from application.turns.turn_log import Fenced
from domain.refusals import TurnNotFound


async def cancel_turn(live: LiveSession, turn_id: str) -> None:
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
