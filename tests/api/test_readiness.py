"""Ready says what works: nothing without PostgreSQL, less without anything else, each named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.health_checks import reachable
from api.readiness import Away, HealthCheck, Readiness
from application.gateway.health import Health
from application.ports.models.model import FailureKind, ModelFailure
from tests.api.harness import asgi, make_services
from tests.virtual_time import in_virtual_time

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")


async def there() -> None:
    return None


async def refuses() -> None:
    raise Away("AccessDeniedException")


async def broken() -> None:
    raise OSError("secret=hunter2")


async def silent() -> None:
    await asyncio.Event().wait()


PARTS = ("postgres", "bedrock", "kms")


@pytest.mark.parametrize("wrong", [refuses, broken, silent])
@pytest.mark.parametrize(("part", "status"), [("postgres", "down"), ("bedrock", "degraded"), ("kms", "degraded")])
@in_virtual_time
async def test_down_without_postgres_alone(wrong: Callable[[], Awaitable[None]], part: str, status: str) -> None:
    checks: dict[str, tuple[bool, HealthCheck]] = {name: (name == "postgres", there) for name in PARTS}
    checks[part] = (checks[part][0], wrong)
    services = make_services(readiness=Readiness(checks, dict))
    transport = asgi(services)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503 if status == "down" else 200, status)
    assert answer.json()["parts"][part]["status"] == "away"
    assert answer.json()["parts"][part]["detail"] and "hunter2" not in answer.text


def test_models_that_are_refused_to_us_or_sick() -> None:
    health = Health(lambda: 0.0)
    assert health.refused("balanced", "fast") == ""
    health.failed("of-a-tenant", ModelFailure(FailureKind.ACCESS_DENIED, "", refused=True))
    assert health.refused("balanced", "fast") == "", "what a tenant names is his own trouble"
    health.failed("fast", ModelFailure(FailureKind.ACCESS_DENIED, "", code="ExpiredTokenException", refused=True))
    assert health.refused("balanced", "fast") == "ExpiredTokenException"
    health.succeeded("fast", 0.1, 8.0)
    assert health.refused("balanced", "fast") == ""
    for model in ("balanced", "fast"):
        assert health.refused("balanced", "fast") == ""
        while health.breaker(model).allows():
            health.failed(model, ModelFailure(FailureKind.UNAVAILABLE, "", refused=True))
    assert health.refused("balanced", "fast") == "BreakerOpen"


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that says one thing to whoever asks; its address, and what it was asked."""
    asked: list[bytes] = []

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_one, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}", asked


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the environment's proxies, and no others."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)

    def put(**named: str) -> None:
        for name, value in named.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.mark.real
async def test_bedrock_is_looked_for_by_way_of_the_proxy(proxies: Any) -> None:
    bedrock = "https://bedrock-runtime.nowhere.invalid"
    async with answering(b"HTTP/1.1 200 Connection established\r\n\r\n") as (proxy, asked):
        proxies(HTTPS_PROXY=f"http://us%40er:pass@{proxy}")
        await reachable(bedrock)
    assert asked[0].startswith(b"CONNECT bedrock-runtime.nowhere.invalid:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNAZXI6cGFzcw==\r\n" in asked[0]
    with pytest.raises(OSError, match="onnect"):  # the proxy is gone
        await reachable(bedrock)


@pytest.mark.real
async def test_a_proxy_that_leads_nowhere_is_no_way(proxies: Any) -> None:
    for said in (b"HTTP/1.1 403 Forbidden\r\n\r\n", b"\r\n", b"HTTP/1.1 502 Bad Gateway\r\n\r\n"):
        async with answering(said) as (proxy, _):
            proxies(https_proxy=proxy)
            with pytest.raises(Away, match="proxy"):
                await reachable("https://bedrock-runtime.nowhere.invalid")


@pytest.mark.real
async def test_what_needs_no_proxy_is_looked_for_itself(proxies: Any) -> None:
    async with answering(b"") as (address, _):
        proxies(HTTPS_PROXY="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1", NO_PROXY="127.0.0.1")
        await reachable(f"https://{address}")
        await reachable(f"http://{address}")
        await reachable(f"nats://{address}")
