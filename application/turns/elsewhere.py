"""What is asked of the process that runs a turn, by one that does not."""

from __future__ import annotations

from typing import Protocol

from application.sessions.live_session import LiveSession


class Elsewhere(Protocol):
    """The way to the process that runs a session's turn."""

    async def cancel(self, live: LiveSession, turn_id: str) -> bool:
        """End the turn for its user; False when it has ended, or never was."""
        ...

    async def look(self, live: LiveSession) -> None:
        """Say that something was stored which the turn waits for. It finds out by itself where nobody can say it."""
        ...


class Nowhere:
    """There is no other process."""

    async def cancel(self, live: LiveSession, turn_id: str) -> bool:
        """See `Elsewhere`."""
        return False

    async def look(self, live: LiveSession) -> None:
        """See `Elsewhere`."""


NOWHERE = Nowhere()
