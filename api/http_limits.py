"""What uvicorn does not limit by itself: how large a request's head may be, and how long it may take to arrive."""

from __future__ import annotations

import asyncio
from typing import Any

import websockets.http11
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 32 * 1024
HEAD_WITHIN_S = 10.0
# A token may be 8 KiB, so its header line is longer than what the WebSocket library takes, which then never answers.
# The line limit is its own setting (WEBSOCKETS_MAX_LINE_LENGTH), read when it is imported.
websockets.http11.MAX_LINE_LENGTH = MAX_HEAD


class LimitedHttp(HttpToolsProtocol):
    """HTTP/1.1 whose request line and headers are at most 32 KiB and arrive within 10 s."""

    _head = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuse a head that grows too large, also when it is one endless line that the parser keeps to itself."""
        if self._deadline is not None:
            self._head += len(data)
            if self._head > MAX_HEAD and not self._complete(data):
                self._refuse()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._arm()

    def on_headers_complete(self) -> None:
        self._disarm()
        super().on_headers_complete()

    def _complete(self, data: bytes) -> bool:
        """Whether the head ended early enough: what follows it is a body, which has limits of its own."""
        end = data.find(b"\r\n\r\n")
        return end >= 0 and self._head - len(data) + end <= MAX_HEAD

    def _arm(self) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(HEAD_WITHIN_S, self._late)

    def _disarm(self) -> None:
        self._head = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        self._disarm()
        head: list[Any] = [b"HTTP/1.1 431 Request Header Fields Too Large", b"connection: close", b"content-length: 0"]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n")
        self.transport.close()
