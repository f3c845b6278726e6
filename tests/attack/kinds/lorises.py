"""Connections that take their time."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from tests.attack.attack import Attack, Ground

MUST = "closed within a minute and a half, whatever it drips"
HEAD = b"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
UPGRADE = (
    b"GET /v1/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
)


def _attack(name: str, first: bytes, drip: bytes, *, signed: bool = False, pause_s: float = 1.0) -> Attack:
    async def run(ground: Ground) -> None:
        at = urlsplit(ground.ours.url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        try:
            token = f"Authorization: Bearer {ground.token()}\r\n".encode() if signed else b""
            writer.write(first.replace(b"@", token))
            async with asyncio.timeout(100):
                await _closed(reader, writer, drip, pause_s)
        finally:
            writer.close()

    return Attack("lorises", name, MUST, run)


async def _closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drip: bytes, pause_s: float) -> None:
    """Drips until the other side closes."""
    over = asyncio.create_task(_read_all(reader))
    while not over.done():
        await asyncio.wait([over], timeout=pause_s)
        if drip and not over.done():
            try:
                writer.write(drip)
                await writer.drain()
            except OSError:
                break
    await over


async def _read_all(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65_536):
            pass
    except OSError:
        pass


ATTACKS = [
    _attack("says nothing", b"", b""),
    _attack("half a request line", b"GET /v1/se", b"s"),
    _attack("a header a second", b"GET /v1/sessions HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n"),
    _attack("a header's letter a second", b"GET /v1/sessions HTTP/1.1\r\nHost: x\r\nX-A: ", b"b"),
    _attack("a body's byte a second, unsigned", HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    _attack("a body's byte a second, signed", HEAD + b"@Content-Length: 100000\r\n\r\n", b" ", signed=True),
    _attack("a chunk a second", HEAD + b"@Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", signed=True),
    _attack("a body that never comes", HEAD + b"@Content-Length: 100\r\n\r\n", b"", signed=True),
    _attack("half a handshake", UPGRADE, b"X-A: b\r\n"),
    _attack("answered and idle", b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b""),
]
