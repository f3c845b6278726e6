"""A WebSocket client that does nothing but hand on what comes: a benchmark of many sockets is not to measure itself.

RFC 6455 as far as our server speaks it: text in one frame, pings, a close. Nothing is compressed, and nothing is masked
but in name, with a key of zeros.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
LAST, MASKED = 0x80, 0x80
MASK = b"\0\0\0\0"
OPEN_WITHIN_S = 60.0


class SocketGone(Exception):
    """The connection is over."""


class LeanSocket(asyncio.Protocol):
    """`heard` is called with each text frame, as bytes, as soon as it is there, and `left` when no more will come."""

    def __init__(self, heard: Callable[[bytes], None], left: Callable[[], None]) -> None:
        self._heard, self._left = heard, left
        self._buffer = bytearray()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        self.close_code = 1006

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._end()
        if not self._opened.done():
            self._opened.set_exception(SocketGone("before the handshake"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._opened.done() or self._answered():
            self._read()

    async def begin(self, host: str, path: str, token: str) -> None:
        """Shake hands; SocketGone when the server would not."""
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET {path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        self.transport.write(head.encode())
        await asyncio.wait_for(self._opened, OPEN_WITHIN_S)

    def send(self, text: str) -> None:
        """A text frame; SocketGone when nobody is there any more."""
        if self.gone.is_set() or self.transport.is_closing():
            raise SocketGone
        self._write(TEXT, text.encode())

    def abort(self) -> None:
        """As if the cable was pulled."""
        self.transport.abort()

    def _answered(self) -> bool:
        """The server's answer to the handshake, once it is whole."""
        head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 101 "):
            self._opened.set_exception(SocketGone(head[:40].decode("latin-1")))
            self.transport.abort()
            return False
        self._buffer = bytearray(rest)
        self._opened.set_result(None)
        return True

    def _read(self) -> None:
        """All frames that are whole by now."""
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            first, length, begins = buffer[at], buffer[at + 1], at + 2
            if length == 126 and len(buffer) >= begins + 2:
                length, begins = int.from_bytes(buffer[begins : begins + 2]), begins + 2
            elif length == 127 and len(buffer) >= begins + 8:
                length, begins = int.from_bytes(buffer[begins : begins + 8]), begins + 8
            elif length > 125:
                break
            if len(buffer) < begins + length:
                break
            at = begins + length
            self._take(first & 0x0F, bytes(buffer[begins:at]))
        del buffer[:at]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self._heard(payload)
        elif kind == PING:
            self._write(PONG, payload)
        elif kind == CLOSE:
            self.close_code = int.from_bytes(payload[:2]) or self.close_code
            self._write(CLOSE, payload[:2])
            self.transport.close()
            self._end()

    def _end(self) -> None:
        self.gone.set()
        self._left()

    def _write(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = bytes((LAST | kind, MASKED | size))
        elif size < 1 << 16:
            head = struct.pack("!BBH", LAST | kind, MASKED | 126, size)
        else:
            head = struct.pack("!BBQ", LAST | kind, MASKED | 127, size)
        self.transport.write(head + MASK + payload)


async def open_lean(
    url: str, token: str, heard: Callable[[bytes], None], left: Callable[[], None] = lambda: None
) -> LeanSocket:
    """A socket to a `ws://` address; SocketGone when the server would not, OSError when it is not there."""
    where = urlsplit(url)
    loop, port = asyncio.get_running_loop(), where.port or 80
    make = loop.create_connection(lambda: LeanSocket(heard, left), str(where.hostname), port)
    _, socket = await asyncio.wait_for(make, OPEN_WITHIN_S)
    try:
        await socket.begin(where.netloc, where.path, token)
    except BaseException:
        socket.abort()
        raise
    return socket
