"""Machines over HTTP: each acts as itself in its roles and no others; made, listed, rotated and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.services import Services
from application.clock import now
from domain.refusals import Unauthorized
from domain.tenant.service_accounts import MAX_KEYS, ServiceAccountCreated
from tests.api.harness import bearer, operator

ROUTE = "/v1/service-accounts"


@pytest.fixture
async def tenant(client: httpx.AsyncClient, services: Services) -> str:
    made = await client.post("/v1/tenants", json={"name": "Acme"}, headers=operator(services))
    return str(made.json()["tenant_id"])


async def made(client: httpx.AsyncClient, admin: dict[str, str], *roles: str) -> dict[str, Any]:
    answer = await client.post(ROUTE, json={"name": "nightly report", "roles": roles}, headers=admin)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def by(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def status(client: httpx.AsyncClient, path: str, key: str) -> int:
    return (await client.get(path, headers=by(key))).status_code


async def test_a_machine_acts_as_itself_in_its_roles_and_is_listed_rotated_and_taken_back(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    admin = bearer(services, ["admin"], tenant)
    one = await made(client, admin, "member")
    assert one["key"].startswith("cs_")
    machine = await services.access.api_keys.principal(one["key"])
    assert (machine.tenant, machine.roles, machine.name) == (tenant, frozenset({"member"}), "service:nightly report")
    assert machine.user == await services.access.users.pseudonym(tenant, "service:nightly report")
    assert await status(client, "/v1/assistants/default", one["key"]) == 403
    assert (await client.post("/v1/ws-tickets", headers=by(one["key"]))).status_code == 200

    two = (await client.post(f"{ROUTE}/{one['account_id']}/keys", json={"overlap_s": 60}, headers=admin)).json()
    (shown,) = (await client.get(ROUTE, headers=admin)).json()["accounts"]
    old, new = shown.pop("keys")
    assert shown | {"created_at": ""} == {
        "account_id": one["account_id"], "name": "nightly report", "user": "service:nightly report",
        "roles": ["member"], "created_at": "",
    }  # fmt: skip
    assert (old["prefix"], old["ends_at"] is None) == (one["key"][:11], False)
    assert (new["key_id"], new["prefix"], new["ends_at"]) == (two["key_id"], two["key"][:11], None)
    assert old["last_used_at"] and new["last_used_at"] is None
    keys = services.access.api_keys
    assert (await keys.principal(one["key"])).expires_at < (await keys.principal(two["key"])).expires_at
    keys.today = lambda: now() + timedelta(seconds=61)
    assert not await keys.still_good(machine), "its sockets are hung up too"
    with pytest.raises(Unauthorized):
        await keys.principal(one["key"])
    assert (await keys.principal(two["key"])).user == machine.user, "the same machine"

    gone = [await client.delete(f"{ROUTE}/{id}", headers=admin) for id in (one["account_id"], one["account_id"], "x")]
    assert [answer.status_code for answer in gone] == [204, 404, 404]
    assert await status(client, "/v1/assistants/default", two["key"]) == 401
    assert (await client.get(ROUTE, headers=admin)).json() == {"accounts": []}


async def test_what_cannot_be_is_said_and_nobody_else_makes_machines(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    admin = bearer(services, ["admin"], tenant)
    one = await made(client, admin, "analyst", "auditor")
    for body in (
        {"name": "a", "roles": ["admin"]},
        {"name": "a", "roles": ["operator"]},
        {"name": "a", "roles": []},
        {"name": "", "roles": ["member"]},
        {"name": "nightly report", "roles": ["member"]},
    ):
        refused = await client.post(ROUTE, json=body, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field"), body
    rotate = f"{ROUTE}/{one['account_id']}/keys"
    said = [(await client.post(rotate, json={}, headers=admin)).status_code for _ in range(MAX_KEYS)]
    assert said == [201] * (MAX_KEYS - 1) + [400]
    foreign = bearer(services, ["admin"], "01977c9e-2222-7000-8000-000000000002")
    assert (await client.post(rotate, json={}, headers=foreign)).status_code == 404
    for headers in (by(one["key"]), bearer(services, ["member", "auditor"], tenant)):
        assert (await client.get(ROUTE, headers=headers)).status_code == 403
    taken = await client.post("/v1/api-keys", json={"name": "k", "user": "service:nightly report"}, headers=admin)
    assert taken.status_code == 400, "nobody else acts in a machine's name"
    log = services.store.log  # type: ignore[attr-defined]
    assert one["key"] not in repr([e.event for e in log if isinstance(e.event, ServiceAccountCreated)])
