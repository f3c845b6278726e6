"""A socket opens for our own pages and for bearers of good credentials; everybody else is told why before it opens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from api.connections.registry import Sockets
from api.services import Services
from api.settings import Settings
from domain.refusals import RateLimited
from tests.api.harness import TENANT, bearer, make_services, operator, serving

FRIEND = "https://app.example"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder = tmp_path_factory.mktemp("handshake")
    return make_services(folder, settings={"allowed_origins": (FRIEND,)}, sockets=Sockets(100, 100))


@pytest.fixture(scope="module")
async def address(services: Services) -> AsyncIterator[str]:
    async with serving(services) as (found, _):
        yield found


def open_socket(address: str, path: str = "/v1/chat", **options: Any) -> Any:
    options.setdefault("additional_headers", {})
    offered = [Subprotocol(item) for item in options.pop("subprotocols", ["chat.v1"])]
    return websockets.connect(
        f"ws://{address}{path}", subprotocols=offered or None, proxy=None, compression=None, open_timeout=10, **options
    )


async def refused(opening: Any) -> tuple[int, dict[str, Any], Any]:
    """Status, problem document and headers of a handshake that must be refused."""
    with pytest.raises(InvalidStatus) as caught:
        async with opening:
            pass
    response = caught.value.response
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, json.loads(response.body), response.headers


async def ticket(address: str, headers: dict[str, str]) -> str:
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        answer = await client.post("/v1/ws-tickets", headers=headers)
    assert answer.status_code == 200 and 1 <= answer.json()["expires_in"] <= 30
    return str(answer.json()["ticket"])


async def test_a_bearer_opens_it(address: str, services: Services) -> None:
    async with open_socket(address, additional_headers=bearer(services)) as socket:
        assert socket.subprotocol == "chat.v1"
        assert "permessage-deflate" not in str(socket.response.headers)


async def test_a_bearer_needs_to_offer_no_subprotocol(address: str, services: Services) -> None:
    async with open_socket(address, additional_headers=bearer(services), subprotocols=[]) as socket:
        assert socket.subprotocol is None


async def test_a_ticket_opens_it_once(address: str, services: Services) -> None:
    subprotocols = ["chat.v1", f"ticket.{await ticket(address, bearer(services))}"]
    async with open_socket(address, subprotocols=subprotocols, origin=f"http://{address}") as socket:
        assert socket.subprotocol == "chat.v1"
    status, problem, headers = await refused(open_socket(address, subprotocols=subprotocols))
    assert (status, problem["code"], headers["www-authenticate"]) == (401, "unauthorized", "Bearer")


async def test_bad_credentials_are_401_before_the_socket_opens(address: str, services: Services) -> None:
    good = bearer(services)["Authorization"]
    spent = await ticket(address, bearer(services))
    attempts: list[dict[str, Any]] = [
        {},
        {"additional_headers": {"Authorization": good + "x"}},
        {"additional_headers": {"Authorization": "Bearer " + "A" * 9_000}},
        {"additional_headers": [("Authorization", good), ("Authorization", good)]},
        {"additional_headers": {"Authorization": good}, "subprotocols": ["chat.v1", f"ticket.{spent}"]},
        {"subprotocols": ["chat.v1", "ticket."]},
        {"subprotocols": ["chat.v1", "ticket.unknown"]},
        {"subprotocols": ["chat.v1", f"ticket.{spent}", "ticket.other"]},
        {"subprotocols": ["chat.v1", f"bearer.{good[7:]}"]},
        {"path": f"/v1/chat?token={good[7:]}&access_token={good[7:]}"},
        {"additional_headers": {"Cookie": f"token={good[7:]}"}},
    ]
    bodies = []
    for attempt in attempts:
        status, problem, _ = await refused(open_socket(address, **attempt))
        assert status == 401
        problem.pop("trace_id")
        bodies.append(problem)
    assert all(body == bodies[0] for body in bodies)


async def test_the_wrong_role_is_403(address: str, services: Services) -> None:
    for headers in (bearer(services, ["admin"]), operator(services)):
        status, problem, _ = await refused(open_socket(address, additional_headers=headers))
        assert (status, problem["code"]) == (403, "forbidden")


@pytest.mark.parametrize("place", ["bearer", "ticket"])
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://{}", True),
        (FRIEND, True),
        ("null", False),
        ("https://{}", False),
        ("http://{}.evil.example", False),
        ("http://evil.example", False),
        ("http://127.0.0.1", False),
        ("http://127.0.0.1:1", False),
        ("http://localhost", False),
        ("HTTP://{}", False),
        ("http://{}/", False),
        ("https://app.example.evil.example", False),
        ("http://app.example", False),
        ("", False),
    ],
)
async def test_origins(address: str, services: Services, place: str, origin: str | None, allowed: bool) -> None:
    options: dict[str, Any] = {}
    if place == "bearer":
        options["additional_headers"] = dict(bearer(services))
    else:
        options["subprotocols"] = ["chat.v1", f"ticket.{await ticket(address, bearer(services))}"]
    if origin is not None:
        options["additional_headers"] = options.get("additional_headers", {}) | {"Origin": origin.format(address)}
    if allowed:
        async with open_socket(address, **options):
            return
    status, problem, _ = await refused(open_socket(address, **options))
    assert (status, problem["code"]) == (403, "forbidden")


async def test_a_list_without_our_subprotocol_is_400(address: str, services: Services) -> None:
    headers = bearer(services)
    status, problem, _ = await refused(open_socket(address, additional_headers=headers, subprotocols=["chat.v2"]))
    assert (status, problem["code"]) == (400, "invalid_field")


async def test_an_unknown_path_is_404(address: str, services: Services) -> None:
    status, problem, _ = await refused(open_socket(address, "/v1/nothing", additional_headers=bearer(services)))
    assert (status, problem["code"]) == (404, "not_found")


async def test_limits_are_told_on_the_socket(tmp_path: Path) -> None:
    class Full(Sockets):
        def check(self, tenant: str) -> None:
            raise RateLimited

    full = make_services(tmp_path, sockets=Full(0, 0))
    async with serving(full) as (address, _):
        socket: ClientConnection
        async with open_socket(address, additional_headers=bearer(full)) as socket:
            frame = json.loads(await socket.recv())
            assert (frame["type"], frame["code"]) == ("error", "rate_limited")
            await socket.wait_closed()
            assert socket.close_code == 4429


async def test_nothing_opens_during_a_drain(tmp_path: Path) -> None:
    services = make_services(tmp_path)
    async with serving(services) as (address, _):
        services.edge.admission.draining = True
        status, problem, headers = await refused(open_socket(address, additional_headers=bearer(services)))
    assert (status, problem["code"]) == (503, "draining") and int(headers["retry-after"]) >= 1


def test_the_default_allows_no_foreign_origin() -> None:
    assert Settings().allowed_origins == () and TENANT


@pytest.mark.parametrize(
    ("trusted", "said", "status"), [(True, "https", 0), (True, "http", 403), (False, "https", 403)]
)
async def test_our_own_page_behind_a_proxy_where_tls_ends(
    tmp_path: Path, trusted: bool, said: str, status: int
) -> None:
    services = make_services(tmp_path, settings={"trusted_proxies": ("127.0.0.0/8",) if trusted else ()})
    headers = bearer(services) | {"X-Forwarded-Proto": said}
    async with serving(services) as (address, _):
        opening = open_socket(address, additional_headers=headers, origin=f"https://{address}")
        if status:
            assert (await refused(opening))[0] == status
        else:
            async with opening:
                pass
