"""Tickets in Valkey: redeemed with GETDEL, so that of two sockets with one ticket only one gets in."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import msgspec
import structlog
from valkey.exceptions import ValkeyError

from application.tickets import InMemoryTickets, new_ticket
from domain.access import Principal
from domain.refusals import DependencyUnavailable

DEADLINE_S = 1.0
log = structlog.get_logger()


class ValkeyTickets:
    """See `application.ports.tickets.Tickets`. The key is a hash: who reads the store cannot use what it holds.

    While Valkey is away tickets wait in this process, so that a browser that reaches it again still gets in.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._here = InMemoryTickets()

    async def issue(self, principal: Principal, ttl_s: int) -> str:
        """A new ticket that is good once."""
        ticket = new_ticket()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._client.set(_key(ticket), msgspec.json.encode(principal), ex=ttl_s)
        except (ValkeyError, OSError, TimeoutError) as error:
            log.warning("ticket_kept_here", error=type(error).__name__)
            return await self._here.issue(principal, ttl_s)
        return ticket

    async def redeem(self, ticket: str) -> Principal | None:
        """Whom it stands for, once."""
        principal = await self._here.redeem(ticket)
        if principal is not None:
            return principal
        try:
            async with asyncio.timeout(DEADLINE_S):
                kept = await self._client.getdel(_key(ticket))
        except (ValkeyError, OSError, TimeoutError) as error:
            raise DependencyUnavailable(f"tickets: {type(error).__name__}") from None
        return msgspec.json.decode(kept, type=Principal) if kept else None


def _key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
