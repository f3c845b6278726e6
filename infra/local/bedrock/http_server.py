"""HTTP/1.1 on a bare protocol: a stream's chunk costs one write and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import httptools
import msgspec

LARGEST_BODY = 32 * 1024 * 1024
JSON = "application/json"


class Request:
    """One request, whole."""

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        url = urlsplit(target)
        self.method, self.headers, self.body = method, headers, body
        self.path = [unquote(part) for part in url.path.strip("/").split("/")]
        self.query = dict(parse_qsl(url.query))

    def json(self) -> Any:
        """The body's value; ValueError when it is no JSON."""
        return json.loads(self.body or b"null")


class HttpReply:
    """The answer to one request: at once as JSON, or in chunks. `on_drop` is called when the client goes first."""

    def __init__(self, connection: HttpConnection) -> None:
        self._connection = connection
        self.ended = False
        self.on_drop: Callable[[], None] | None = None

    def send_json(self, status: int, value: Any, **headers: str) -> None:
        """The whole answer."""
        body = value if isinstance(value, bytes) else msgspec.json.encode(value)
        self._write(_head(status, {"Content-Type": JSON, "Content-Length": str(len(body)), **headers}) + body)
        self._end()

    def start(self, media_type: str, **headers: str) -> bytes:
        """The head of an answer in chunks, to be sent with its first chunk."""
        return _head(200, {"Content-Type": media_type, "Transfer-Encoding": "chunked", **headers})

    def send(self, data: bytes) -> None:
        """Bytes as they are: a head, or what `chunk` made."""
        self._write(data)

    def finish(self) -> None:
        """The last chunk."""
        self._write(b"0\r\n\r\n")
        self._end()

    def cut(self) -> None:
        """Close the connection in the middle."""
        self.ended = True
        self._connection.close()

    def dropped(self) -> None:
        """The client has gone."""
        if not self.ended:
            self.ended = True
            if self.on_drop:
                self.on_drop()

    def _write(self, data: bytes) -> None:
        if not self.ended:
            self._connection.write(data)

    def _end(self) -> None:
        self.ended = True
        self._connection.answered()


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of a chunked answer."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class RequestParser:
    """Requests from bytes, one after the other. Each goes to `parsed`, with whether its connection is kept; `write` is
    for what is said before it is whole, `refuse` for the status that ends the connection instead."""

    def __init__(
        self, parsed: Callable[[Request, bool], None], write: Callable[[bytes], None], refuse: Callable[[int], None]
    ) -> None:
        self._parsed, self._write, self._refuse = parsed, write, refuse
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse(400)

    def on_message_begin(self) -> None:
        self._target, self._headers, self._body = b"", dict[str, str](), bytearray()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > LARGEST_BODY:
            self._refuse(413)

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        request = Request(method, self._target.decode("latin-1"), self._headers, bytes(self._body))
        self._parsed(request, self._parser.should_keep_alive())


class HttpConnection(asyncio.Protocol):
    """One client connection: requests one after the other."""

    def __init__(self, handle: Callable[[Request, HttpReply], None], open_connections: set[HttpConnection]) -> None:
        self._handle = handle
        self._all = open_connections
        self._transport: asyncio.Transport | None = None
        self._parser = RequestParser(self._take, self.write, self._refuse)
        self._waiting: list[Request] = []
        self._reply: HttpReply | None = None
        self._keep_alive = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.discard(self)
        self._transport = None
        if self._reply:
            self._reply.dropped()

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)

    def _refuse(self, status: int) -> None:
        self.write(_head(status, {"Content-Length": "0", "Connection": "close"}))
        self.close()

    def _take(self, request: Request, keep_alive: bool) -> None:
        self._keep_alive = keep_alive
        self._waiting.append(request)
        self._next()

    def write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def answered(self) -> None:
        self._reply = None
        if not self._keep_alive:
            self.close()
        elif self._waiting:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        if self._reply is None and self._waiting and self._transport:
            self._reply = HttpReply(self)
            self._handle(self._waiting.pop(0), self._reply)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
