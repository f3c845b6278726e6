"""Tickets for browsers, which cannot send a header with a WebSocket handshake."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency

from api.services import Services
from domain.access import Principal

TICKET_S = 30


class Ticket(msgspec.Struct, frozen=True):
    """Send `ticket.<ticket>` as a subprotocol beside `chat.v1`, once, within `expires_in` seconds."""

    ticket: str
    expires_in: int


@post("/v1/ws-tickets", permission="ticket:issue", status_code=200)
async def issue_ticket(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> Ticket:
    """A ticket never outlives the token it was asked with."""
    seconds = max(1, min(TICKET_S, int(request.user.expires_at - time.time())))
    return Ticket(await services.access.tickets.issue(request.user, seconds), seconds)
