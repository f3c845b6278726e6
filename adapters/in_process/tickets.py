"""Tickets kept in this process: for an installation without Valkey, and while it is away."""

from __future__ import annotations

import secrets

from application.clock import Seconds, monotonic
from domain.access import Principal
from domain.refusals import Overloaded

MOST = 10_000


class InMemoryTickets:
    """See `application.ports.people.tickets.Tickets`; good for sockets that come to this very process."""

    def __init__(self, clock: Seconds = monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[float, Principal]] = {}

    async def issue(self, principal: Principal, ttl_s: int) -> str:
        """A new ticket; `Overloaded` when too many wait."""
        now = self._clock()
        if len(self._waiting) >= MOST:
            self._waiting = {ticket: kept for ticket, kept in self._waiting.items() if kept[0] > now}
        if len(self._waiting) >= MOST:
            raise Overloaded
        ticket = new_ticket()
        self._waiting[ticket] = (now + ttl_s, principal)
        return ticket

    async def redeem(self, ticket: str) -> Principal | None:
        """Whom it stands for, once."""
        ends, principal = self._waiting.pop(ticket, (0.0, None))
        return principal if ends > self._clock() else None


def new_ticket() -> str:
    """256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(32)
