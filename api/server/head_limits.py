"""What uvicorn does not limit by itself: how large a request's head may be, how long each part of a request may take to
arrive whatever the application reads, and how many connections there may be."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import Any, cast

import msgspec
import websockets.http11
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.connections.address_limits import AddressLimits
from api.problems import raw_problem
from api.telemetry.metrics import connections_ended
from api.telemetry.trace import begin_trace
from domain.refusals import InvalidMessage, Overloaded, Refusal

MAX_HEAD = 32 * 1024
# A token may be 8 KiB, so its header line is longer than what the WebSocket library takes, which then never answers.
# The line limit is its own setting (WEBSOCKETS_MAX_LINE_LENGTH), read when it is imported.
websockets.http11.MAX_LINE_LENGTH = MAX_HEAD


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; a connection is always within one of them, but while the application makes its answer. A body may fall
    `body_slack_s` behind `body_rate` (bytes a second) and take `body_s` in all."""

    head_s: float = 10.0
    idle_s: int = 75
    body_slack_s: float = 20.0
    body_rate: int = 16 * 1024
    body_s: float = 900.0
    unsent_s: float = 30.0
    linger_s: float = 10.0
    linger_idle_s: float = 2.0


class LimitedHttp(HttpToolsProtocol):
    """HTTP/1.1 whose request line and headers are at most 32 KiB, and whose every phase has an end.

    An answer that is given before its request's body has arrived is the connection's last: what still comes is thrown
    away for a moment, so that the answer is read (RFC 9112, 9.6), and then the connection is closed.
    """

    limits: AddressLimits
    deadlines: Deadlines
    _host = ""
    _head = 0
    _timer: asyncio.TimerHandle | None = None
    _unsent: asyncio.TimerHandle | None = None
    _lingers_until = 0.0
    _body_due = _body_end = 0.0

    # A connection's life

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._host = str(self.client[0]) if self.client else ""
        try:
            self.limits.check_connection(self._host)
            self._await_head()
        except Refusal as refusal:
            self._answer("connections", refusal)
            if isinstance(refusal, Overloaded):
                transport.close()
        self.limits.connected(self._host)

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.disconnected(self._host)
        self._disarm()
        self.resume_writing()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """The connection changes hands: the socket's protocol counts it from here on."""
        self._disarm()
        super().handle_websocket_upgrade()
        self.limits.disconnected(self._host)

    def data_received(self, data: bytes) -> None:
        """Refuse a head that grows too large, also when it is one endless line that the parser keeps to itself."""
        if self._lingers_until:
            return self._linger()
        if self._timer is None and self._is_idle():
            self._await_head()  # whatever it is: blank lines before a request are no request
        if self._head >= 0:
            self._head += len(data)
            if self._head > MAX_HEAD and not self._complete(data):
                return self._answer("head", None)
        return super().data_received(data)

    def _is_idle(self) -> bool:
        return self.cycle is None or (self.cycle.response_complete and not self.cycle.more_body)

    def _complete(self, data: bytes) -> bool:
        """Whether the head ended early enough: what follows it is a body, which has limits of its own."""
        end = data.find(b"\r\n\r\n")
        return end >= 0 and self._head - len(data) + end <= MAX_HEAD

    # Phases

    def _await_head(self) -> None:
        self._head = 0
        self._arm(self.deadlines.head_s, self._hang_up, "head")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head < 0:
            self._await_head()

    def on_headers_complete(self) -> None:
        before = self.cycle
        self._disarm()
        super().on_headers_complete()
        if self.cycle is before:
            return  # a handshake
        now = self.loop.time()
        self._keeps, self.cycle.keep_alive = self.cycle.keep_alive, False
        self.cycle.transport = cast(asyncio.Transport, _Transport(self, self.cycle))
        self._body_due, self._body_end = now + self.deadlines.body_slack_s, now + self.deadlines.body_s
        self._arm(self.deadlines.body_slack_s, self._look_at_body)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        latest = min(self.loop.time() + self.deadlines.body_slack_s, self._body_end)
        self._body_due = min(self._body_due + len(body) / self.deadlines.body_rate, latest)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        self._disarm()
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keeps

    def _look_at_body(self) -> None:
        """A client that is not read from is not late."""
        left = self.deadlines.body_slack_s if self.flow.read_paused else self._body_due - self.loop.time()
        if left > 0:
            self._arm(left, self._look_at_body)
        elif self.cycle.response_started:
            self._hang_up("body")
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._answer("body", InvalidMessage("The body did not arrive in time."))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self.loop.call_later(self.deadlines.unsent_s, self._abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unsent is not None:
            self._unsent.cancel()
            self._unsent = None

    # Ends

    def _answer(self, reason: str, refusal: Refusal | None) -> None:
        """Answer without the application, and close."""
        connections_ended.labels(reason).inc()
        body, head = b"", [b"HTTP/1.1 431 Request Header Fields Too Large", b"content-length: 0"]
        if refusal is not None:
            body, status, headers = copy_context().run(_problem, refusal)
            head = [b"HTTP/1.1 %d " % status, *(name + b": " + value for name, value in headers)]
        self.transport.write(b"\r\n".join([*head, b"connection: close", b"", b""]) + body)
        self.linger()

    def linger(self) -> None:
        """Nothing more is said; what comes is thrown away until the client goes, says nothing or takes too long."""
        if self.transport.is_closing() or self._lingers_until:
            return
        self._unset_keepalive_if_required()
        self._lingers_until = self.loop.time() + self.deadlines.linger_s
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._linger()

    def _linger(self) -> None:
        left = min(self._lingers_until - self.loop.time(), self.deadlines.linger_idle_s)
        self._arm(left, self.transport.close) if left > 0 else self.transport.close()

    def _hang_up(self, reason: str) -> None:
        self._timer = None
        if not self.transport.is_closing():
            connections_ended.labels(reason).inc()
            self.transport.close()

    def _abort(self) -> None:
        connections_ended.labels("unsent").inc()
        self.transport.abort()

    def _arm(self, seconds: float, then: Any, *arguments: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, then, *arguments)

    def _disarm(self) -> None:
        self._head = -1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _problem(refusal: Refusal) -> tuple[bytes, int, list[tuple[bytes, bytes]]]:
    begin_trace(())
    return raw_problem(refusal)


class _Transport:
    """A transport as one answer sees it: closed in the middle of the request's body, it lingers."""

    def __init__(self, protocol: LimitedHttp, cycle: RequestResponseCycle) -> None:
        self._protocol, self._cycle = protocol, cycle
        self.write, self.is_closing = protocol.transport.write, protocol.transport.is_closing

    def close(self) -> None:
        """What the answer does when it is the connection's last."""
        if self._cycle.more_body and self._cycle.response_complete:
            self._protocol.linger()
        else:
            self._protocol.transport.close()
