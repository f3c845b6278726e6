"""What uvicorn does not limit on sockets: control frames and pieces of messages, which no application ever sees."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from api.connections.address_limits import AddressLimits
from api.telemetry.metrics import connections_ended
from application.budget.gcra import Buckets

CONTROL_A_MINUTE = 6_000
"""Pings, pongs and pieces of messages of one socket; some hundredths of a millisecond each."""
TOO_MANY = 4429
LINGER_S = 2.0


class LimitedSocket(WebSocketsSansIOProtocol):
    """A socket that is counted among its address's connections, and whose pings and pieces are few."""

    limits: AddressLimits

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._control = Buckets(self.loop.time)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.limits.connected(self._host)

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.disconnected(self._host)
        super().connection_lost(exc)

    @property
    def _host(self) -> str:
        return str(self.client[0]) if self.client else ""

    def handle_ping(self) -> None:
        if self._paid():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._paid():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Pieces without a byte would be kept by the million."""
        if self._paid():
            super().handle_cont(event)

    def _paid(self) -> bool:
        if self.close_sent or self.transport.is_closing():
            return False
        if not self._control.wait_s("", 1, CONTROL_A_MINUTE):
            self._control.take("", 1, CONTROL_A_MINUTE)
            return True
        connections_ended.labels("control").inc()
        self.conn.fail(TOO_MANY, "too many control frames")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        # Not at once, or what is still unread would reset the connection and the close frame be lost.
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.close)
        return False
