"""Tickets in Valkey: redeemed with GETDEL, so that of two sockets with one ticket only one gets in."""

from __future__ import annotations

from typing import Any

import structlog

from adapters.in_process.tickets import InMemoryTickets, new_ticket
from adapters.valkey.sealed_entries import SealedEntries, Secrets
from domain.access import Principal
from domain.refusals import DependencyUnavailable

log = structlog.get_logger()


class ValkeyTickets:
    """See `application.ports.people.tickets.Tickets`. While Valkey is away tickets wait in this process, so that a
    browser that reaches it again still gets in."""

    def __init__(self, client: Any, secrets: Secrets) -> None:
        self._kept = SealedEntries(client, secrets, "ticket", Principal)
        self._here = InMemoryTickets()

    async def issue(self, principal: Principal, ttl_s: int) -> str:
        """A new ticket that is good once."""
        ticket = new_ticket()
        try:
            await self._kept.put(ticket, principal, ttl_s)
        except DependencyUnavailable as refusal:
            log.warning("ticket_kept_here", error=refusal.detail)
            return await self._here.issue(principal, ttl_s)
        return ticket

    async def redeem(self, ticket: str) -> Principal | None:
        """Whom it stands for, once."""
        principal = await self._here.redeem(ticket)
        return principal if principal is not None else await self._kept.take(ticket)
