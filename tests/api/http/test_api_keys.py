"""Keys over HTTP: made and taken back by admins, and what they open: a member's routes, and no other role's."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from api.server.app import routed
from api.services import Services
from domain.access import PERMISSIONS
from tests.api.harness import bearer, operator


@pytest.fixture
async def tenant(client: httpx.AsyncClient, services: Services) -> str:
    made = await client.post("/v1/tenants", json={"name": "Acme"}, headers=operator(services))
    return str(made.json()["tenant_id"])


async def made(client: httpx.AsyncClient, services: Services, tenant: str) -> dict[str, Any]:
    body = {"name": "Ada's notebook", "user": "ada"}
    answer = await client.post("/v1/api-keys", json=body, headers=bearer(services, ["admin"], tenant))
    assert answer.status_code == 201 and set(answer.json()) == {"key_id", "key"}
    return dict(answer.json())


async def test_a_key_is_told_once_listed_by_its_beginning_and_taken_back(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    admin, key = bearer(services, ["admin"], tenant), await made(client, services, tenant)
    by_key = {"Authorization": f"Bearer {key['key']}"}
    assert (await client.post("/v1/ws-tickets", headers=by_key)).status_code == 200
    (shown,) = (await client.get("/v1/api-keys", headers=admin)).json()["keys"]
    assert shown.pop("created_at") <= shown.pop("last_used_at")
    assert shown == {
        "key_id": key["key_id"], "name": "Ada's notebook", "user": "ada", "prefix": key["key"][:11]
    }  # fmt: skip
    gone = [await client.delete(f"/v1/api-keys/{id}", headers=admin) for id in (key["key_id"], key["key_id"], "x")]
    assert [answer.status_code for answer in gone] == [204, 404, 404]
    refused, absent = await client.post("/v1/ws-tickets", headers=by_key), await client.post("/v1/ws-tickets")
    assert refused.status_code == absent.status_code == 401
    assert refused.json() | {"trace_id": ""} == absent.json() | {"trace_id": ""}


async def test_no_key_acts_as_somebody_who_was_erased(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    await made(client, services, tenant)
    users = services.access.users
    await users.forget(tenant, await users.pseudonym(tenant, "ada"))
    body = {"name": "Ada's notebook", "user": "ada"}
    refused = await client.post("/v1/api-keys", json=body, headers=bearer(services, ["admin"], tenant))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")
    assert "erased" in refused.json()["detail"]


async def test_a_key_opens_what_a_member_may_and_no_other_roles_route(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    key = (await made(client, services, tenant))["key"]
    app = routed()
    wrong = []
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            wanted = handler.opt.get("permission")
            if wanted is None or handler.opt.get("makes_links") or handler.opt.get("by_cookie"):
                continue
            names = {wanted} if isinstance(wanted, str) else set(wanted)
            if names & PERMISSIONS["member"]:
                continue  # what a member may is tried where it is at home
            path = route.path_format.replace("{", "").replace("}", "")
            for method in handler.http_methods - {"OPTIONS"}:
                answer = await client.request(method, path, headers={"Authorization": f"Bearer {key}"})
                wrong += [(method, path, answer.status_code)] if answer.status_code != 403 else []
    assert wrong == []
    links = await client.post("/console/links", headers={"Authorization": f"Bearer {key}"})
    assert links.status_code == 401


async def test_a_socket_of_a_revoked_key_is_ended(client: httpx.AsyncClient, services: Services, tenant: str) -> None:
    class Watched:
        def __init__(self, principal: Any) -> None:
            self.principal, self.codes = principal, list[int]()

        def hang_up(self, code: int, reason: str) -> None:
            self.codes.append(code)

    keys = [await made(client, services, tenant) for _ in range(2)]
    sockets = [Watched(await services.access.api_keys.principal(key["key"])) for key in keys]
    for socket in sockets:
        services.edge.sockets.add(socket)  # type: ignore[arg-type]
    await client.delete(f"/v1/api-keys/{keys[0]['key_id']}", headers=bearer(services, ["admin"], tenant))
    await services.edge.sockets.look_again(services.access.api_keys.still_good)
    assert [socket.codes for socket in sockets] == [[4401], []]


async def test_many_at_once_by_one_key_ask_for_its_user_once(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    key = (await made(client, services, tenant))["key"]
    found = await asyncio.gather(*(services.access.api_keys.principal(key) for _ in range(50)))
    assert {one.user for one in found} == {await services.access.users.pseudonym(tenant, "ada")}
