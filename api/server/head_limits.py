"""What uvicorn does not limit by itself: how large a request's head may be, how long each part of a request may take to
arrive whatever the application reads, and how many connections there may be."""

from __future__ import annotations

import asyncio
from typing import cast

import websockets.http11
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.connections.address_limits import AddressLimits
from api.server.connection_end import MAX_HEAD, AnswerTransport, ConnectionEnd, Deadlines, Phase
from domain.refusals import InvalidMessage, Overloaded, Refusal

# A token may be 8 KiB, so its header line is longer than what the WebSocket library takes, which then never answers.
# The line limit is its own setting (WEBSOCKETS_MAX_LINE_LENGTH), read when it is imported.
websockets.http11.MAX_LINE_LENGTH = MAX_HEAD


class LimitedHttp(HttpToolsProtocol):
    """HTTP/1.1 whose request line and headers are at most 32 KiB, and whose every phase has an end.

    An answer that is given before its request's body has arrived is the connection's last: what still comes is thrown
    away for a moment, so that the answer is read (RFC 9112, 9.6), and then the connection is closed.
    """

    limits: AddressLimits
    deadlines: Deadlines
    _phase: Phase
    _end: ConnectionEnd
    _host = ""
    _unsent: asyncio.TimerHandle | None = None
    _body_due = _body_end = 0.0

    # A connection's life

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._host = str(self.client[0]) if self.client else ""
        self._phase = Phase(self.loop)
        self._end = ConnectionEnd(transport, self.flow, self._phase, self.deadlines, self._unset_keepalive_if_required)
        try:
            self.limits.check_connection(self._host)
            self._await_head()
        except Refusal as refusal:
            self._end.answer("connections", refusal)
            if isinstance(refusal, Overloaded):
                transport.close()
        self.limits.connected(self._host)

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.disconnected(self._host)
        self._phase.end()
        self.resume_writing()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """The connection changes hands: the socket's protocol counts it from here on."""
        self._phase.end()
        super().handle_websocket_upgrade()
        self.limits.disconnected(self._host)

    def data_received(self, data: bytes) -> None:
        """Refuse a head that grows too large, also when it is one endless line that the parser keeps to itself."""
        if self._end.lingering:
            return self._end.linger_on()
        if not self._phase.armed and (
            self.cycle is None or (self.cycle.response_complete and not self.cycle.more_body)
        ):
            self._await_head()  # whatever it is: blank lines before a request are no request
        if self._phase.awaits_head and self._phase.outgrown_by(data):
            return self._end.answer("head", None)
        return super().data_received(data)

    # Phases

    def _await_head(self) -> None:
        self._phase.await_head(self.deadlines.head_s, self._end.hang_up, "head")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._phase.awaits_head:
            self._await_head()

    def on_headers_complete(self) -> None:
        before = self.cycle
        self._phase.end()
        super().on_headers_complete()
        if self.cycle is before:
            return  # a handshake
        now = self.loop.time()
        self._keeps, self.cycle.keep_alive = self.cycle.keep_alive, False
        self.cycle.transport = cast(asyncio.Transport, AnswerTransport(self.transport, self._end, self.cycle))
        self._body_due, self._body_end = now + self.deadlines.body_slack_s, now + self.deadlines.body_s
        self._phase.arm(self.deadlines.body_slack_s, self._look_at_body)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        latest = min(self.loop.time() + self.deadlines.body_slack_s, self._body_end)
        self._body_due = min(self._body_due + len(body) / self.deadlines.body_rate, latest)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        self._phase.end()
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keeps

    def _look_at_body(self) -> None:
        """A client that is not read from is not late."""
        left = self.deadlines.body_slack_s if self.flow.read_paused else self._body_due - self.loop.time()
        if left > 0:
            self._phase.arm(left, self._look_at_body)
        elif self.cycle.response_started:
            self._end.hang_up("body")
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._end.answer("body", InvalidMessage("The body did not arrive in time."))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self.loop.call_later(self.deadlines.unsent_s, self._end.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unsent is not None:
            self._unsent.cancel()
            self._unsent = None
