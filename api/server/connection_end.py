"""How a connection waits and ends: each phase has one deadline, and an answer before its time is the last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import msgspec
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.problems import raw_problem
from api.telemetry.metrics import connections_ended
from api.telemetry.trace import begin_trace
from domain.refusals import Refusal

MAX_HEAD = 32 * 1024


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


class Phase:
    """What a connection waits for: until when, and, while it is a request's head, how much of it has come."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._head = -1
        """Bytes; below 0 no head is awaited."""

    @property
    def armed(self) -> bool:
        """Whether there is a deadline."""
        return self._timer is not None

    @property
    def awaits_head(self) -> bool:
        """Whether what comes is a head."""
        return self._head >= 0

    def arm(self, seconds: float, then: Callable[..., Any], *arguments: Any) -> None:
        """One deadline in place of the one before."""
        self.disarm()
        self._timer = self._loop.call_later(seconds, then, *arguments)

    def await_head(self, seconds: float, then: Callable[..., Any], *arguments: Any) -> None:
        """A head begins."""
        self._head = 0
        self.arm(seconds, then, *arguments)

    def disarm(self) -> None:
        """No deadline."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """Nothing is awaited."""
        self._head = -1
        self.disarm()

    def outgrown_by(self, data: bytes) -> bool:
        """Counts what came; whether the head is too large by now. What follows its end is a body, which has limits of
        its own."""
        before, self._head = self._head, self._head + len(data)
        if self._head <= MAX_HEAD:
            return False
        end = data.find(b"\r\n\r\n")
        return end < 0 or before + end > MAX_HEAD


class ConnectionEnd:
    """The last of a connection: answered without the application, lingering, hung up. `forget_idle` takes back the
    server's own timer of idle connections."""

    def __init__(
        self,
        transport: asyncio.Transport,
        flow: FlowControl,
        phase: Phase,
        deadlines: Deadlines,
        forget_idle: Callable[[], None],
    ) -> None:
        self._transport, self._flow, self._phase, self._deadlines = transport, flow, phase, deadlines
        self._forget_idle, self._clock = forget_idle, asyncio.get_running_loop().time
        self._lingers_until = 0.0

    @property
    def lingering(self) -> bool:
        """Whether all has been said."""
        return bool(self._lingers_until)

    def answer(self, reason: str, refusal: Refusal | None) -> None:
        """Answer without the application, and close."""
        connections_ended.labels(reason).inc()
        body, head = b"", [b"HTTP/1.1 431 Request Header Fields Too Large", b"content-length: 0"]
        if refusal is not None:
            body, status, headers = copy_context().run(_problem, refusal)
            head = [b"HTTP/1.1 %d " % status, *(name + b": " + value for name, value in headers)]
        self._transport.write(b"\r\n".join([*head, b"connection: close", b"", b""]) + body)
        self.linger()

    def linger(self) -> None:
        """Nothing more is said; what comes is thrown away until the client goes, says nothing or takes too long."""
        if self._transport.is_closing() or self._lingers_until:
            return
        self._forget_idle()
        self._lingers_until = self._clock() + self._deadlines.linger_s
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._flow.resume_reading()
        self.linger_on()

    def linger_on(self) -> None:
        """Something came, and is thrown away."""
        left = min(self._lingers_until - self._clock(), self._deadlines.linger_idle_s)
        self._phase.arm(left, self._transport.close) if left > 0 else self._transport.close()

    def hang_up(self, reason: str) -> None:
        """A deadline has passed."""
        self._phase.disarm()
        if not self._transport.is_closing():
            connections_ended.labels(reason).inc()
            self._transport.close()

    def abort(self) -> None:
        """What was said is not taken."""
        connections_ended.labels("unsent").inc()
        self._transport.abort()


class AnswerTransport:
    """A transport as one answer sees it: closed in the middle of the request's body, it lingers."""

    def __init__(self, transport: asyncio.Transport, end: ConnectionEnd, cycle: RequestResponseCycle) -> None:
        self._transport, self._end, self._cycle = transport, end, cycle
        self.write, self.is_closing = transport.write, transport.is_closing

    def close(self) -> None:
        """What the answer does when it is the connection's last."""
        if self._cycle.more_body and self._cycle.response_complete:
            self._end.linger()
        else:
            self._transport.close()


def _problem(refusal: Refusal) -> tuple[bytes, int, list[tuple[bytes, bytes]]]:
    begin_trace(())
    return raw_problem(refusal)
