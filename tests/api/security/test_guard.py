"""One 401 for every reason, 403 for the wrong role, and no way to tell a foreign thing from an absent one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.services import Services
from tests.api.harness import bearer, operator

ROUTE = "/v1/assistants/default"


def without_trace(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert body.pop("trace_id")
    return body


async def test_every_bad_credential_gets_the_same_answer(client: httpx.AsyncClient, services: Services) -> None:
    good = bearer(services, ["admin"])["Authorization"]
    attempts: list[Any] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {good[7:]}"},
        {"Authorization": good[7:]},
        {"Authorization": f"Bearer  {good[7:]}"},
        {"Authorization": f"{good}x"},
        {"Authorization": f"{good}, {good}"},
        {"Authorization": "Bearer " + "A" * 9000},
        [("Authorization", good), ("Authorization", good)],
        {"X-Authorization": good},
        {"Cookie": f"token={good[7:]}"},
        {"Sec-WebSocket-Protocol": "ticket.abc"},
    ]
    answers = [await client.get(ROUTE, headers=headers) for headers in attempts]
    answers.append(await client.get(ROUTE, params={"token": good[7:], "access_token": good[7:]}))
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert all(without_trace(answer) == without_trace(answers[0]) for answer in answers)


async def test_the_scheme_is_case_insensitive(client: httpx.AsyncClient, services: Services) -> None:
    token = bearer(services, ["admin"])["Authorization"][7:]
    answer = await client.get(ROUTE, headers={"Authorization": f"bearer {token}"})
    assert answer.status_code == 404  # admitted: there is no such tenant, so no such assistant


async def test_the_wrong_role_is_forbidden(client: httpx.AsyncClient, services: Services) -> None:
    for roles in (["member"], ["editor", "analyst"], ["auditor"], ["operator"]):
        answer = await client.get(ROUTE, headers=bearer(services, roles))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_an_operator_reads_no_tenants_things(client: httpx.AsyncClient, services: Services) -> None:
    answer = await client.get(ROUTE, headers=operator(services))
    assert answer.status_code == 403


async def test_a_tenants_operator_provisions_nothing(client: httpx.AsyncClient, services: Services) -> None:
    answer = await client.post("/v1/tenants", json={"name": "Acme"}, headers=bearer(services, ["operator"]))
    assert answer.status_code == 403


async def test_foreign_and_absent_are_the_same_bytes(client: httpx.AsyncClient, services: Services) -> None:
    created = [
        (await client.post("/v1/tenants", json={"name": name}, headers=operator(services))).json()["tenant_id"]
        for name in ("one", "two")
    ]
    admins = [bearer(services, ["admin"], tenant) for tenant in created]
    assert (await client.put("/v1/assistants/secret", json={}, headers=admins[0])).status_code == 200
    foreign = await client.get("/v1/assistants/secret", headers=admins[1])
    absent = await client.get("/v1/assistants/nothing", headers=admins[1])
    assert foreign.status_code == absent.status_code == 404
    assert without_trace(foreign) == without_trace(absent)
    assert set(foreign.headers) == set(absent.headers)


async def test_a_callers_trace_id_is_kept(client: httpx.AsyncClient) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await client.get("/nothing", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert answer.json()["trace_id"] == trace
    for bad in ("00-x", f"00-{'0' * 32}-b7ad6b7169203331-01", "\t"):
        answer = await client.get("/nothing", headers={"traceparent": bad})
        assert len(answer.json()["trace_id"]) == 32 and answer.json()["trace_id"] != "0" * 32


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
async def test_probes_need_no_credentials(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200
