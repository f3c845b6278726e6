"""The server process: heads that are too large or too slow, and a stop that ends with 0."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from api.services import Services
from tests.api.harness import QuickDrain, bearer, make_services, serving
from tests.api.socket.test_handshake import open_socket

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[3]


async def exchange(address: str, sent: bytes, deadline_s: float = 10) -> bytes:
    """Everything that the server answers to raw bytes until it closes."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), deadline_s)
    finally:
        writer.close()


HEAD = b"GET /health/live HTTP/1.1\r\nhost: a\r\n"
UPGRADE = (
    b"GET /v1/chat HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"x: " + b"a" * 70_000 + b"\r\n\r\n",
        HEAD + b"x: y\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"a" * 70_000,
        UPGRADE + b"authorization: Bearer " + b"a" * 70_000 + b"\r\n\r\n",
    ],
    ids=["one header", "many headers", "the request line", "a handshake"],
)
async def test_a_large_head_is_refused_at_once(services: Services, sent: bytes) -> None:
    async with serving(services) as (address, _):
        assert (await exchange(address, sent)).startswith(b"HTTP/1.1 431 ")
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{address}/health/live")).status_code == 200


async def test_a_large_body_after_a_small_head_is_the_routes_business(services: Services) -> None:
    headers = bearer(services, ["operator"], "_platform")
    async with serving(services) as (address, _), httpx.AsyncClient(base_url=f"http://{address}") as client:
        answer = await client.post("/v1/tenants", json={"name": "a" * 300_000}, headers=headers)
        assert answer.json()["code"] == "invalid_field"
        answer = await client.post("/v1/tenants", json={"name": "a" * 3_000_000}, headers=headers)
        assert answer.json()["code"] == "payload_too_large"


async def test_connections_are_kept_for_many_requests(services: Services) -> None:
    async with serving(services) as (address, _), httpx.AsyncClient(base_url=f"http://{address}") as client:
        for _ in range(50):
            assert (await client.get("/health/live", headers={"x": "y" * 2_000})).status_code == 200


async def test_what_is_no_http_gets_an_answer(services: Services) -> None:
    async with serving(services) as (address, _):
        for sent in (b"\0" * 100, b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            assert (await exchange(address, sent)).startswith(b"HTTP/1.1 4")


async def test_sockets_outlive_the_announcement_and_close_with_1012(tmp_path: Path) -> None:
    drain = QuickDrain()
    drain.hold.clear()
    services = make_services(tmp_path, drain=drain)
    headers = bearer(services)
    async with serving(services) as (address, server), open_socket(address, additional_headers=headers) as socket:
        server.handle_exit(signal.SIGTERM, None)
        assert json.loads(await asyncio.wait_for(socket.recv(), 10))["type"] == "session.draining"
        await asyncio.wait_for(drain.called.wait(), 10)
        await socket.send('{"type": "ping"}')
        told = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert told["code"] == "session_not_open"  # it still answers
        with pytest.raises(ConnectionError):
            await exchange(address, b"")
        drain.hold.set()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 10)
        assert socket.close_code == 1012


async def test_readiness_goes_before_the_drain(services: Services) -> None:
    async with serving(services) as (address, _), httpx.AsyncClient(base_url=f"http://{address}") as client:
        services.edge.admission.leaving = True
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "down")


async def test_until_load_balancers_have_looked_away_everything_goes_on(tmp_path: Path) -> None:
    drain = QuickDrain()
    services = make_services(tmp_path, drain=drain, settings={"leave_s": 30.0})
    async with serving(services) as (address, server), httpx.AsyncClient(base_url=f"http://{address}") as client:
        server.handle_exit(signal.SIGTERM, None)
        async with asyncio.timeout(10):
            while (await client.get("/health/ready")).status_code == 200:
                pass
        async with open_socket(address, additional_headers=bearer(services)) as socket:
            await socket.send('{"type": "ping"}')
            assert json.loads(await asyncio.wait_for(socket.recv(), 10))["code"] == "session_not_open"
            server.handle_exit(signal.SIGTERM, None)  # somebody cannot wait
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
        assert not drain.called.is_set()


@pytest.fixture
def process(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process on fakes, and its address."""
    hold = str(getattr(request, "param", ""))
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.api.fake_server", str(tmp_path), hold],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
    )
    assert started.stdout is not None
    try:
        yield started, started.stdout.readline().strip()
    finally:
        started.kill()
        started.wait(10)
        started.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_exits_with_0(process: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    started, address = process
    assert httpx.get(f"http://{address}/health/live").status_code == 200
    started.send_signal(number)
    assert started.wait(15) == 0


@pytest.mark.parametrize("process", ["hold"], indirect=True)
def test_a_second_signal_leaves_at_once(process: tuple[subprocess.Popen[str], str]) -> None:
    started, address = process
    assert httpx.get(f"http://{address}/health/live").status_code == 200
    started.send_signal(signal.SIGTERM)
    assert started.stdout is not None
    assert "draining\n" in iter(started.stdout.readline, "")
    started.send_signal(signal.SIGTERM)
    assert started.wait(10) != 0
