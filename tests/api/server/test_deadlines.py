"""Each phase of a connection ends, whatever the client sends and the application reads; and connections are counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.server.connection_end import Deadlines
from api.services import Services
from tests.api.harness import bearer, make_services, serving
from tests.api.socket.test_handshake import open_socket

pytestmark = pytest.mark.real

SHORT = Deadlines(
    head_s=0.3, idle_s=1, body_slack_s=0.3, body_rate=1_000_000, unsent_s=0.3, linger_s=0.5, linger_idle_s=0.2
)
PATIENT = Deadlines(head_s=60, idle_s=60, body_slack_s=60, linger_s=0.5, linger_idle_s=0.2)
ENDS_WITHIN_S = 8.0
POST = b"POST /v1/tenants HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n"


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return make_services(tmp_path)


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def trickle(writer: asyncio.StreamWriter, piece: bytes, every_s: float) -> None:
    """The same bytes again and again, until the other side is gone."""
    with suppress(OSError):
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)


async def until_closed(address: str, sent: bytes, piece: bytes = b"", every_s: float = 0.05) -> bytes:
    """What is answered to `sent` and then `piece` for ever, until the server has closed for good."""
    async with connected(address) as (reader, writer):
        writer.write(sent)
        going = asyncio.create_task(trickle(writer, piece, every_s)) if piece else None
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                answer = await reader.read()
                if going:
                    await going  # the other half ends too
                return answer
        finally:
            if going:
                going.cancel()


def token(services: Services) -> bytes:
    return b"authorization: " + bearer(services, ["operator"], "_platform")["Authorization"].encode() + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "piece"),
    [
        (b"", b""),
        (b"", b"\r\n"),
        (b"GET / HTTP/1.1\r\nhost: ", b""),
        (b"GET / HTTP/1.1\r\n", b"x: y\r\n"),
        (b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n", b"\r\n"),
        (b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\nG", b""),
        (b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n", b""),
    ],
    ids=[
        "nothing",
        "blank lines",
        "half a line",
        "headers without end",
        "blank lines later",
        "half of the next",
        "idle",
    ],
)
async def test_heads_and_idle_connections_end(services: Services, sent: bytes, piece: bytes) -> None:
    async with serving(services, SHORT) as (address, _):
        answer = await until_closed(address, sent, piece)
        assert answer.startswith(b"HTTP/1.1 200") == (b"\r\n\r\n" in sent)
        await settled(services)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/tenants", b"401"), ("/nothing", b"404"), ("/health/live", b"405"), ("/v1/documents", b"401")],
)
async def test_a_body_that_nobody_reads_ends_with_its_answer(services: Services, path: str, status: bytes) -> None:
    sent = POST.replace(b"/v1/tenants", path.encode()) + b"\r\n{"
    async with serving(services, PATIENT) as (address, _):
        answer = await until_closed(address, sent, b" ", 0.02)
        assert answer.startswith(b"HTTP/1.1 " + status) and b"connection: close" in answer
        await settled(services)


@pytest.mark.parametrize("piece", [b"", b" ", b"{" * 100])
async def test_a_slow_body_is_given_up(services: Services, piece: bytes) -> None:
    async with serving(services, SHORT) as (address, _):
        answer = await until_closed(address, POST + token(services) + b"\r\n{", piece, 0.05)
        assert answer.startswith(b"HTTP/1.1 400 ") and b"invalid_message" in answer and b"trace_id" in answer
        await settled(services)


async def test_chunks_without_end_are_given_up(services: Services) -> None:
    head = POST.replace(b"content-length: 900000", b"transfer-encoding: chunked") + token(services) + b"\r\n"
    async with serving(services, SHORT) as (address, _):
        answer = await until_closed(address, head, b"1\r\n \r\n", 0.05)
        assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_body_that_was_there_in_time_keeps_the_connection(services: Services) -> None:
    async with serving(services, PATIENT) as (address, _), httpx.AsyncClient(base_url=f"http://{address}") as client:
        for _ in range(3):
            answer = await client.post("/v1/tenants", json={"name": "a" * 1000})
            assert answer.status_code == 401 and answer.headers.get("connection") != "close"
        assert services.edge.addresses.total == 1


async def test_an_early_answer_is_read_by_who_sends_on(services: Services) -> None:
    """Closing at once would reset the connection, and the answer be lost."""
    async with serving(services, PATIENT) as (address, _), httpx.AsyncClient(base_url=f"http://{address}") as client:
        for _ in range(3):
            answer = await client.post("/v1/tenants", content=b" " * 20_000_000)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_who_reads_nothing_of_a_large_answer_is_left(services: Services) -> None:
    async def large(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
            if services.edge.addresses.total == 0:
                return

    async with serving(services, SHORT) as (address, server):
        server.config.loaded_app = large
        async with connected(address) as (_, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            await settled(services, began=True)
            await settled(services)


async def settled(services: Services, *, began: bool = False) -> None:
    """Until no connection is counted any more (or, at the beginning, one is)."""
    async with asyncio.timeout(ENDS_WITHIN_S):
        while (services.edge.addresses.total > 0) != began:  # noqa: ASYNC110  # the protocol has no event for it
            await asyncio.sleep(0.01)


async def test_a_process_has_so_many_connections(tmp_path: Path) -> None:
    services = make_services(tmp_path, settings={"max_connections": 3})
    async with serving(services, PATIENT) as (address, _):
        async with connected(address), connected(address), connected(address):
            async with asyncio.timeout(ENDS_WITHIN_S):
                while services.edge.addresses.total < 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            answer = await until_closed(address, b"")
            assert answer.startswith(b"HTTP/1.1 503") and b"overloaded" in answer and b"retry-after" in answer
        await settled(services)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{address}/health/live")).status_code == 200


async def test_sockets_are_counted_among_them_and_let_go(services: Services) -> None:
    async with serving(services, PATIENT) as (address, _):
        async with open_socket(address, additional_headers=bearer(services)):
            assert services.edge.addresses.total == 1
        await settled(services)


async def test_an_address_has_so_many_and_is_told(tmp_path: Path) -> None:
    services = make_services(tmp_path, settings={"address_connections": 2, "address_free": ("none",)})
    async with serving(services, PATIENT) as (address, _), connected(address), connected(address):
        async with asyncio.timeout(ENDS_WITHIN_S):
            while services.edge.addresses.total < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        answer = await until_closed(address, b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 429") and b"rate_limited" in answer and b"retry-after" in answer


UPGRADE = (
    b"GET /v1/chat HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
MASK = b"\0\0\0\0"
PING, PONG, PIECE, FIRST = (bytes((kind, 0x80)) + MASK for kind in (0x89, 0x8A, 0x00, 0x01))
CLOSED_4429 = (4429).to_bytes(2, "big")


@pytest.mark.parametrize("flood", [PING, PONG, PIECE], ids=["pings", "pongs", "empty pieces"])
async def test_control_frames_and_pieces_are_few(services: Services, flood: bytes) -> None:
    async with serving(services, PATIENT) as (address, _):
        async with connected(address) as (reader, writer):
            writer.write(UPGRADE + b"authorization: " + bearer(services)["Authorization"].encode() + b"\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            writer.write(FIRST + flood * 7_000 if flood == PIECE else flood * 7_000)
            async with asyncio.timeout(ENDS_WITHIN_S):
                told = await reader.read()
        # The close frame is the last thing said.
        assert told.rpartition(b"\x88")[2][1:3] == CLOSED_4429
        await settled(services)
