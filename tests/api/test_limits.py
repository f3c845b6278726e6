"""Every request of a tenant is counted, whatever comes of it; and who is over the limit is told when to come back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.services import Services
from api.sockets import Sockets
from tests.api.house import TENANT, bearer, make_services, serving
from tests.api.test_handshake import open_socket

OTHER = "01977c9e-2222-7000-8000-000000000002"


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return make_services(tmp_path, settings={"requests_per_minute": 12}, sockets=Sockets(100, 100))


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as found:
        yield found


REQUESTS: list[tuple[str, str]] = [
    ("GET", "/v1/assistants/default"),
    ("PUT", "/v1/assistants/default"),
    ("POST", "/v1/ws-tickets"),
    ("POST", "/v1/documents"),
    ("GET", "/v1/costs/summary"),
    ("GET", "/v1/tenants"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_every_request_counts_also_one_that_is_forbidden_or_wrong(
    client: httpx.AsyncClient, services: Services, method: str, path: str
) -> None:
    member = bearer(services, ["member"])
    for n in range(12):
        verb, route = (method, path) if n == 0 else ("POST", "/v1/ws-tickets")
        assert (await client.request(verb, route, headers=member)).status_code != 429
    refused = await client.request(method, path, headers=member)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 5
    # Another tenant has its own, and what has no tenant none.
    assert (await client.post("/v1/ws-tickets", headers=bearer(services, tenant=OTHER))).status_code == 200
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert (await client.get(path)).status_code == 200
    assert (await client.get("/v1/assistants/default")).status_code == 401


async def test_the_platforms_operators_are_a_tenant_like_any(client: httpx.AsyncClient, services: Services) -> None:
    headers = bearer(services, ["operator"], "_platform")
    said = [(await client.get("/v1/tenants", headers=headers)).status_code for _ in range(13)]
    assert said == [200] * 12 + [429]


@pytest.mark.real
async def test_sockets_are_opened_so_often_and_cost_no_requests(services: Services) -> None:
    async with serving(services) as (address, _):
        for n in range(13):
            async with open_socket(address, additional_headers=bearer(services)) as socket:
                if n < 12:
                    await socket.send('{"type": "ping"}')
                told: dict[str, Any] = json.loads(await socket.recv())
                assert told["code"] == ("session_not_open" if n < 12 else "rate_limited")
        assert 0 < told["retry_after_s"] <= 5
        assert socket.close_code == 4429
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"http://{address}/v1/ws-tickets", headers=bearer(services, tenant=TENANT))
            assert answer.status_code == 200
