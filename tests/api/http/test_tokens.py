"""Tokens taken back over HTTP, tenants closed and opened, and what auditors are told of who was kept out."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from adapters.jose.key_file import read_keys
from api.composition.token_wiring import key_path
from api.services import Services
from domain.access_denials import AccessDenied
from tests.api.harness import bearer, browsing, operator
from tests.forge import Forger

MINE = "/v1/assistants/default"


@pytest.fixture
async def tenant(client: httpx.AsyncClient, services: Services) -> str:
    made = await client.post("/v1/tenants", json={"name": "Acme"}, headers=operator(services))
    return str(made.json()["tenant_id"])


def token(services: Services, tenant: str, **claims: Any) -> dict[str, str]:
    forger = Forger(read_keys(key_path(services.settings)))
    return {"Authorization": f"Bearer {forger.token(tenant=tenant, roles=['admin', 'member'], **claims)}"}


async def statuses(client: httpx.AsyncClient, *headers: dict[str, str]) -> list[int]:
    return [(await client.get(MINE, headers=one)).status_code for one in headers]


async def test_one_token_is_refused_and_no_other(client: httpx.AsyncClient, services: Services, tenant: str) -> None:
    admin = bearer(services, ["admin"], tenant, "grace")
    mine, other = (token(services, tenant, jti=jti) for jti in ("j-1", "j-2"))
    assert await statuses(client, mine, other) == [200, 200]
    answer = await client.post("/v1/tokens/revoke", json={"jti": "j-1"}, headers=admin)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await statuses(client, mine, other, admin) == [401, 200, 200]
    refused, absent = await client.get(MINE, headers=mine), await client.get(MINE)
    assert refused.json() | {"trace_id": ""} == absent.json() | {"trace_id": ""}


async def test_all_that_a_user_holds_is_refused_with_tickets_and_sessions_of_the_console(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    admin, now = bearer(services, ["admin"], tenant, "grace"), int(time.time())
    mine, later = token(services, tenant), token(services, tenant, iat=now + 20, nbf=now + 20)
    session = await browsing(services, ["member"], tenant)
    ticket = (await client.post("/v1/ws-tickets", headers=mine)).json()["ticket"]
    assert (await client.post("/console/api/v1/ws-tickets", headers=session)).status_code == 200
    assert (await client.post("/v1/tokens/revoke", json={"user": "ada"}, headers=admin)).status_code == 204
    assert await statuses(client, mine, later, admin) == [401, 200, 200]
    assert (await client.post("/console/api/v1/ws-tickets", headers=session)).status_code == 401
    held = await services.access.tickets.redeem(ticket)
    assert held is not None and services.access.revocations.is_revoked(held)


async def test_only_an_admin_revokes_exactly_one_kind_and_in_their_own_tenant_alone(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    admin = bearer(services, ["admin"], tenant, "grace")
    for body in ({}, {"jti": "a", "user": "b"}, {"jti": "a" * 201}, {"jti": 1}):
        answer = await client.post("/v1/tokens/revoke", json=body, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field"), body
    for roles in (["member"], ["auditor", "editor", "analyst"]):
        answer = await client.post("/v1/tokens/revoke", json={"jti": "a"}, headers=bearer(services, roles, tenant))
        assert answer.status_code == 403
    second = (await client.post("/v1/tenants", json={"name": "Two"}, headers=operator(services))).json()["tenant_id"]
    theirs = token(services, second, jti="j-7")
    await client.post("/v1/tokens/revoke", json={"jti": "j-7"}, headers=admin)
    await client.post("/v1/tokens/revoke", json={"user": "ada"}, headers=admin)
    assert await statuses(client, theirs) == [200]


async def test_a_closed_tenant_lets_nobody_in_until_it_is_opened(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    admin, platform = bearer(services, ["admin"], tenant), operator(services)
    key = (await client.post("/v1/api-keys", json={"name": "k", "user": "ada"}, headers=admin)).json()["key"]
    by_key = {"Authorization": f"Bearer {key}"}
    assert (await client.post("/v1/ws-tickets", headers=by_key)).status_code == 200
    closed = await client.patch(f"/v1/tenants/{tenant}", json={"active": False}, headers=platform)
    assert (closed.status_code, closed.json()["active"]) == (200, False)
    assert await statuses(client, admin) == [401]
    assert (await client.post("/v1/ws-tickets", headers=by_key)).status_code == 401
    listed = (await client.get("/v1/tenants", params={"ids": tenant}, headers=platform)).json()["tenants"]
    assert [row["active"] for row in listed] == [False]
    opened = await client.patch(f"/v1/tenants/{tenant}", json={"active": True}, headers=platform)
    assert opened.json()["active"] and await statuses(client, admin) == [200]
    gone = await client.patch(
        "/v1/tenants/01977c9e-0000-7000-8000-000000000009", json={"active": False}, headers=platform
    )
    assert gone.status_code == 404
    assert (await client.patch(f"/v1/tenants/{tenant}", json={"active": False}, headers=admin)).status_code == 403


async def test_a_socket_of_whoever_is_revoked_is_ended(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    class Watched:
        def __init__(self, principal: Any) -> None:
            self.principal, self.codes = principal, list[int]()

        def hang_up(self, code: int, reason: str) -> None:
            self.codes.append(code)

    tickets = [
        (await client.post("/v1/ws-tickets", headers=token(services, tenant, sub=user))).json()["ticket"]
        for user in ("ada", "bob")
    ]
    sockets = [Watched(await services.access.tickets.redeem(ticket)) for ticket in tickets]
    for socket in sockets:
        services.edge.sockets.add(socket)  # type: ignore[arg-type]
    admin = bearer(services, ["admin"], tenant, "grace")
    await client.post("/v1/tokens/revoke", json={"user": "ada"}, headers=admin)
    await services.edge.sockets.hang_up_revoked(services.access.revocations.is_revoked)
    assert [socket.codes for socket in sockets] == [[4401], []]


async def test_denials_are_facts_of_the_tenant_few_however_many_there_are(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    member, admin = bearer(services, ["member"], tenant), bearer(services, ["admin"], tenant, "grace")
    for _ in range(7):
        assert (await client.get(MINE, headers=member)).status_code == 403
    revoked = token(services, tenant, jti="j-3")
    await client.post("/v1/tokens/revoke", json={"jti": "j-3"}, headers=admin)
    await client.get(MINE, headers=revoked)
    for number in range(30):
        await client.get(MINE, headers=bearer(services, ["member"], tenant, f"user-{number}"))
    await services.access.denials.store_noted(services.tenants.known)
    log: list[Any] = services.store.log  # type: ignore[attr-defined]
    facts = [one for one in log if one.stream.startswith(f"{tenant}/") and isinstance(one.event, AccessDenied)]
    told = {(one.event.route, one.event.reason): one.event.count for one in facts if one.event.count > 1}
    assert told == {("GET /v1/assistants/{name:str}", "forbidden"): 7}
    assert any(one.event.reason == "revoked" for one in facts)
    assert len(facts) == 20 and facts[0].event.more == 12
    assert {one.actor for one in facts} & {await services.access.users.pseudonym(tenant, "ada")}
    before = len(log)
    await services.access.denials.store_noted(services.tenants.known)
    assert len(log) == before
