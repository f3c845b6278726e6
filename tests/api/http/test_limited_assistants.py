"""An assistant that is for some roles or groups is not there for anybody else, by whichever door they come."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.composition.token_wiring import token_issuer
from api.services import Services
from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.access_denials import AccessDenied
from domain.refusals import AssistantNotFound
from tests.api.harness import bearer, operator

USERS = {
    "ada": (["member"], []),
    "bob": (["member"], ["sales"]),
    "eve": (["member", "editor"], []),
    "mal": (["member"], ["Sales", "sale", "editor"]),
}


@pytest.fixture
async def tenant(client: httpx.AsyncClient, services: Services) -> str:
    made = await client.post("/v1/tenants", json={"name": "Acme"}, headers=operator(services))
    tenant = str(made.json()["tenant_id"])
    body = {"roles": ["editor"], "groups": ["sales"]}
    put = await client.put("/v1/assistants/secret", json=body, headers=bearer(services, ["admin"], tenant))
    assert put.status_code == 200 and put.json()["groups"] == ["sales"] and put.json()["roles"] == ["editor"]
    return tenant


def as_user(services: Services, tenant: str, user: str) -> dict[str, str]:
    roles, groups = USERS[user]
    made = token_issuer(services.settings).issue(tenant=tenant, user=user, roles=roles, groups=groups, ttl_s=60)
    return {"Authorization": f"Bearer {made.token}"}


async def test_whom_it_is_for_sees_it_and_for_others_it_is_absent(
    client: httpx.AsyncClient, services: Services, tenant: str
) -> None:
    seen: dict[str, Any] = {}
    for user in USERS:
        headers = as_user(services, tenant, user)
        listed = (await client.get("/v1/models", headers=headers)).json()["data"]
        shown = await client.get("/v1/models/secret", headers=headers)
        absent = await client.get("/v1/models/nothing", headers=headers)
        same = shown.text == absent.text.replace("nothing", "secret")
        seen[user] = ([one["id"] for one in listed], shown.status_code, same)
    allowed, refused = (["default", "secret"], 200, False), (["default"], 404, True)
    assert seen == {"ada": refused, "bob": allowed, "eve": allowed, "mal": refused}
    key = await client.post(
        "/v1/api-keys", json={"name": "k", "user": "bob"}, headers=bearer(services, ["admin"], tenant)
    )
    by_key = {"Authorization": f"Bearer {key.json()['key']}"}
    assert (await client.get("/v1/models/secret", headers=by_key)).status_code == 404  # a member, and nothing else
    admin = bearer(services, ["admin"], tenant)
    assert (await client.get("/v1/assistants/secret", headers=admin)).status_code == 200


async def test_it_ends_for_whoever_it_is_not_for_any_more_and_that_is_told(services: Services, tenant: str) -> None:
    tenants: Tenants = services.tenants.known
    bob = Principal(tenant, "~" + "b" * 26, frozenset({"member"}), 0.0, groups=frozenset({"sales"}))
    assert (await tenants.assistant_for(bob, "secret"))[1] == 1
    with pytest.raises(AssistantNotFound):
        await tenants.assistant_for(Principal(tenant, bob.user, bob.roles, 0.0), "secret")
    await services.access.denials.store_noted(tenants)
    log: list[Any] = services.store.log  # type: ignore[attr-defined]
    told = [one.event.route for one in log if isinstance(one.event, AccessDenied) and one.actor == bob.user]
    assert told == ["assistant secret"]


@pytest.mark.parametrize("body", [{"roles": ["operator"]}, {"roles": ["root"]}, {"groups": [""]}, {"groups": ["a\nb"]}])
async def test_a_limit_that_means_nobody_is_refused(
    client: httpx.AsyncClient, services: Services, tenant: str, body: dict[str, Any]
) -> None:
    answer = await client.put("/v1/assistants/x", json=body, headers=bearer(services, ["admin"], tenant))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")
