"""Erasure and retention over HTTP: who may ask, for exactly what, and what an answer says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from application.clock import new_id
from application.erasure.receipts import Receipt
from domain.access import Principal
from tests.api.harness import asgi, bearer, make_services, operator


class Noted:
    """Erases nothing, and says what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def receipt(self, what: Any, subject: str) -> Receipt:
        self.asked.append((what, subject))
        return Receipt(erasure_id="e", what=what, subject=subject, taken={}, final=True, at="2026-11-28T00:00:00Z")

    async def any_session(self, admin: Principal, id: Any) -> Receipt:
        return self.receipt("session", id.id)

    async def document(self, admin: Principal, document_id: str) -> Receipt:
        return self.receipt("document", document_id)

    async def __call__(self, by: Principal, what: str) -> Receipt:
        return self.receipt("tenant" if "operator" in by.roles else "user", what)


SESSION, DOCUMENT, TENANT = new_id(), new_id(), new_id()
CASES: list[tuple[Any, int, tuple[str, str] | None]] = [
    ({"session_id": SESSION}, 200, ("session", SESSION)),
    ({"document_id": DOCUMENT}, 200, ("document", DOCUMENT)),
    ({"user": "ada"}, 200, ("user", "ada")),
    ({}, 400, None),
    ({"user": "ada", "session_id": SESSION}, 400, None),
    ({"user": ""}, 400, None),
    ({"session_id": "no-id"}, 404, None),
    ({"document_id": "../x"}, 404, None),
]


async def test_exactly_one_thing_is_erased_by_who_may() -> None:
    noted: Any = Noted()
    services = make_services(erase_own=noted, erase_user=noted, erase_tenant=noted)
    admin = bearer(services, ["admin"])
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy") as client:
        for body, status, asked in CASES:
            noted.asked.clear()
            answer = await client.post("/v1/erasures", json=body, headers=admin)
            assert (answer.status_code, noted.asked) == (status, [asked] if asked else []), body
        noted.asked.clear()
        refused = [
            await client.post("/v1/erasures", json={"user": "ada"}, headers=bearer(services, ["member", "editor"])),
            await client.delete(f"/v1/tenants/{TENANT}", headers=admin),
            await client.delete("/v1/tenants/no-id", headers=operator(services)),
        ]
        assert [answer.status_code for answer in refused] == [403, 403, 404] and noted.asked == []
        gone = await client.delete(f"/v1/tenants/{TENANT}", headers=operator(services))
        assert (gone.json()["subject"], gone.json()["final"]) == (TENANT, True)


@pytest.mark.parametrize("wrong", [{"session_days": "ten"}, {"sessions": 1, "file_days": []}])
async def test_a_retention_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    services = make_services()
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy") as client:
        answer = await client.put("/v1/retention", json=wrong, headers=bearer(services, ["admin"]))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")
