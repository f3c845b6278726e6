"""The last step before a socket is open: limits. What the guard refused never comes here."""

from __future__ import annotations

from typing import Any

from litestar import WebSocket
from msgspec import UNSET

from api.connections.client_frames import Error, encode
from api.connections.client_socket import ClientGone, ClientSocket
from api.problems import close_code
from api.security.guard import offered_subprotocols
from api.services import Services
from api.telemetry.metrics import refusal_names, refusals
from application.clock import now, rfc3339
from domain.access import Principal
from domain.refusals import Draining, Refusal

SUBPROTOCOL = "chat.v1"


async def admit_socket(socket: WebSocket[Any, Any, Any], services: Services) -> ClientSocket | None:
    """Accept the socket; None when it had to be turned away, or is gone.

    Limits are told after accepting, since a browser cannot read the status of a refused handshake. During a drain it is
    refused outright: there is nothing here to talk to any more.
    """
    principal: Principal = socket.user
    if services.edge.admission.draining:
        raise Draining(retry_after_s=1)
    client = ClientSocket(socket)
    try:
        await client.accept(SUBPROTOCOL if SUBPROTOCOL in offered_subprotocols(socket) else None)
        try:
            services.edge.sockets.check(principal.tenant)
            await services.edge.budgets.requests.count(principal.tenant, principal.user, "sockets")
        except Refusal as refusal:
            await turn_away(client, refusal)
            return None
    except ClientGone:
        return None
    return client


async def turn_away(client: ClientSocket, refusal: Refusal) -> None:
    """Say why in an `error` frame, then close with the refusal's code; `ClientGone`."""
    refusals.labels(refusal_names(refusal.code)).inc()
    retry = UNSET if refusal.retry_after_s is None else refusal.retry_after_s
    error = Error(
        seq=0, session_id="", at=rfc3339(now()), code=refusal.code, message=refusal.detail, retry_after_s=retry
    )
    await client.send(encode(error).decode())
    await client.close(close_code(refusal), refusal.code)
