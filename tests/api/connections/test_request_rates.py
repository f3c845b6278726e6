"""Every request of a tenant is counted, whatever comes of it; and who is over the limit is told when to come back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from api.connections.frame_rates import FrameRates
from api.connections.registry import Sockets
from api.connections.told_to_wait import ToldToWait
from api.services import Services
from domain.access import Principal
from domain.refusals import RateLimited
from tests.api.harness import TENANT, asgi, bearer, make_services, replaced, serving
from tests.api.socket.test_handshake import open_socket

OTHER = "01977c9e-2222-7000-8000-000000000002"


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return make_services(tmp_path, settings={"requests_per_minute": 12}, sockets=Sockets(100, 100))


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = asgi(services)
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
        for n in range(49):
            async with open_socket(address, additional_headers=bearer(services)) as socket:
                if n < 48:
                    await socket.send('{"type": "ping"}')
                told: dict[str, Any] = json.loads(await socket.recv())
                assert told["code"] == ("session_not_open" if n < 48 else "rate_limited")
        assert 0 < told["retry_after_s"] <= 5
        assert socket.close_code == 4429
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"http://{address}/v1/ws-tickets", headers=bearer(services, tenant=TENANT))
            assert answer.status_code == 200


FLOODS = {
    "pings": '{"type": "ping", "id": "p"}',
    "bad frames": "{",
    "large frames": json.dumps({"type": "ping", "id": "p", "x": "a" * 200_000}),
}


@pytest.mark.real
@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS.keys())
async def test_frames_of_any_kind_are_paid_for(tmp_path: Path, frame: str) -> None:
    services = make_services(tmp_path, settings={"frames_per_minute": 60}, sockets=Sockets(100, 100))
    codes: list[str] = []
    async with serving(services) as (address, _):
        for _ in range(7):  # who sends nothing but nonsense is sent away at the tenth
            async with open_socket(address, additional_headers=bearer(services)) as socket:
                with pytest.raises(ConnectionClosed):
                    for _ in range(20):
                        await socket.send(frame)
                        told = json.loads(await socket.recv())
                        codes.append(told["code"])
                        if told["code"] == "rate_limited":
                            assert 0 < told["retry_after_s"] <= 60
                            assert ("client_id" in told) == (frame == FLOODS["pings"])
            if socket.close_code == 4429:
                break
        assert socket.close_code == 4429
        read = [code for code in codes if code != "rate_limited"]
        assert 55 <= len(read) <= 61 if len(frame) < 100 else len(read) == 1, "one of many bytes is many"
        # A colleague has what is left of the tenant's.
        async with open_socket(address, additional_headers=bearer(services, user="bob")) as socket:
            await socket.send('{"type": "ping"}')
            assert json.loads(await socket.recv())["code"] == "session_not_open"


def member(tenant: str, user: str) -> Principal:
    return Principal(tenant=tenant, user=user, roles=frozenset({"member"}), expires_at=0.0)


def test_a_tenants_users_together_have_four_times_what_one_has() -> None:
    now = [0.0]
    held = FrameRates(100, lambda: now[0])
    people = [member(TENANT, f"user-{n}") for n in range(8)]
    for person in people[:4]:
        for _ in range(50):
            held.pay(person, 4_096)
        with pytest.raises(RateLimited):
            held.pay(person, 0)
    with pytest.raises(RateLimited) as refused:
        held.pay(people[4], 0)
    now[0] += refused.value.retry_after_s or 0
    held.pay(people[4], 0)
    held.pay(member(OTHER, "user-0"), 0)


async def test_a_request_that_comes_again_too_soon_is_refused_without_a_look(services: Services) -> None:
    """The same to its client as the refusal before it; only what was refused, and not for long."""
    now = 100.0
    waiting = ToldToWait(clock=lambda: now)
    services = replaced(services, told_to_wait=waiting)
    headers = bearer(services)
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy") as client:
        for _ in range(12):
            await client.post("/v1/ws-tickets", headers=headers)
        for method, path in (("POST", "/v1/ws-tickets"), ("POST", "/v1/embeddings"), ("GET", "/v1/sessions")):
            first, again = [await client.request(method, path, headers=headers) for _ in range(2)]
            assert first.status_code == again.status_code == 429
            assert _untraced(first) == _untraced(again)
        assert sum(told.more for told in waiting._told.values()) == 3
        assert (await client.get("/health/live", headers=headers)).status_code == 200
        assert (await client.post("/v1/ws-tickets", headers=bearer(services, tenant=OTHER))).status_code == 200
        now += 1.1
        await client.post("/v1/ws-tickets", headers=headers)
        assert sum(told.more for told in waiting._told.values()) == 2, "it was looked at again"


def _untraced(answer: httpx.Response) -> tuple[dict[str, str], bytes]:
    """Headers and body but for the trace's id."""
    trace = answer.json().get("trace_id") or answer.headers["x-request-id"]
    named = {name: value.replace(trace, "") for name, value in answer.headers.items()}
    return named, answer.content.replace(trace.encode(), b"")
