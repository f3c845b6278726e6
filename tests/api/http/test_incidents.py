"""Incidents over HTTP: who raises, sees and changes them, and whom a link to evidence lets in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.services import Services
from application.clock import new_id, now
from application.files.file_links import FileLinks
from application.sessions.live_session import LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.tenants.cached_tenants import CachedTenants
from application.tenants.note_audit_read import NoteAuditReadHandler
from application.tenants.put_incident_webhook import PutIncidentWebhookHandler
from domain.access import Identity
from domain.event import Envelope
from domain.tenant.events import TenantCreated
from tests.api.harness import TENANT, asgi, bearer, make_services
from tests.application.files.harness import SECRETS
from tests.application.incidents.harness import NEWS_URL, IncidentHouse
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.small_ports import NoTail


@pytest.fixture
async def house() -> IncidentHouse:
    store = InMemoryEventStore()
    made = Envelope(stream=f"{TENANT}/tenant/{TENANT}", version=1, at=now(), event=TenantCreated(name="Acme"))
    await store.append([made])
    return IncidentHouse(store, CachedTenants(store))


@pytest.fixture
def services(house: IncidentHouse, tmp_path: Path) -> Services:
    tenants, sessions = CachedTenants(house.store), LiveSessions(house.store, NoTail())
    return make_services(
        tmp_path,
        store=house.store,
        known=tenants,
        users=users_on(house.sealer, house.store),
        sealer=house.sealer,
        live=sessions,
        open_session=OpenSessionHandler(sessions, tenants),
        links=FileLinks(lambda: SECRETS, 900),
        raise_incident=house.raising,
        change_incident=house.changing,
        evidence=house.evidence,
        incident_register=house.register,
        put_webhook=PutIncidentWebhookHandler(house.store, tenants, house.webhooks),
        note_audit_read=NoteAuditReadHandler(house.store),
    )


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    headers = bearer(services, ["member"])
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy", headers=headers) as found:
        yield found


async def raised(client: httpx.AsyncClient, **more: object) -> str:
    answer = await client.post("/v1/incidents", json={"title": "Wrong", "text": "It is."} | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["incident_id"])


async def test_members_raise_and_see_their_own_and_admins_see_all_and_change(
    client: httpx.AsyncClient, services: Services, house: IncidentHouse
) -> None:
    bob, admin = bearer(services, user="bob"), bearer(services, ["admin"], user="eve")
    mine = await raised(client, severity="high")
    shown = (await client.get(f"/v1/incidents/{mine}")).json()
    told = {name: shown[name] for name in ("title", "text", "severity", "status", "cause", "raised_by", "session_id")}
    assert told == {
        "title": "Wrong", "text": "It is.", "severity": "high", "status": "open", "cause": "person",
        "raised_by": "ada", "session_id": None,
    }  # fmt: skip
    for headers, asked in ((bob, mine), (bob, new_id()), (admin, new_id()), (admin, "x")):
        assert (await client.get(f"/v1/incidents/{asked}", headers=headers)).json()["code"] == "not_found"
    assert (await client.get("/v1/incidents", headers=bob)).json() == {"incidents": [], "next": None}
    assert [one["incident_id"] for one in (await client.get("/v1/incidents", headers=admin)).json()["incidents"]] == [
        mine
    ]
    assert (await client.patch(f"/v1/incidents/{mine}", json={"status": "closed"})).status_code == 403
    changed = await client.patch(f"/v1/incidents/{mine}", json={"status": "acknowledged"}, headers=admin)
    assert changed.json()["status"] == "acknowledged"
    back = await client.patch(f"/v1/incidents/{mine}", json={"status": "open"}, headers=admin)
    assert (back.status_code, back.json()["code"]) == (400, "invalid_field")
    assert (await client.post("/v1/incidents", json={"title": "a", "text": "b"}, headers=admin)).status_code == 403
    await house.settled()
    evidence = (await client.get(f"/v1/incidents/{mine}", headers=admin)).json()["evidence"]
    async with httpx.AsyncClient(transport=asgi(services)) as anybody:
        given = await anybody.get(evidence["url"])
        assert evidence["frozen"] and given.json()["incident_id"] == mine
        assert given.headers["content-disposition"].startswith("attachment")
        assert (await anybody.get(evidence["url"].replace(mine, new_id()))).json()["code"] == "file_not_found"
    assert "audit.read.1" in [type(envelope.event).TOPIC for envelope in house.store.log]


async def test_incidents_that_are_refused(client: httpx.AsyncClient, services: Services, house: IncidentHouse) -> None:
    theirs = await services.sessions.open_session.begin(
        await services.access.users.principal(Identity(TENANT, "bob", frozenset({"member"}), 2e9)), "default"
    )
    fields = {"title": "a", "text": "b"}
    cases = [
        ({}, 400, "invalid_field"),
        (fields | {"title": ""}, 400, "invalid_field"),
        (fields | {"title": "x" * 201}, 400, "invalid_field"),
        (fields | {"severity": "huge"}, 400, "invalid_field"),
        (fields | {"turn_id": new_id()}, 400, "invalid_field"),
        (fields | {"session_id": new_id()}, 404, "session_not_found"),
        (fields | {"session_id": theirs.id.id}, 404, "session_not_found"),
        (fields | {"text": "a\0"}, 400, "invalid_character"),
    ]
    for body, status, code in cases:
        answer = await client.post("/v1/incidents", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert not house.register.rows


async def test_the_server_that_is_told_is_an_admins_choice(client: httpx.AsyncClient, services: Services) -> None:
    admin = bearer(services, ["admin"])
    assert (await client.get("/v1/incident-webhook")).status_code == 403
    none = {"url": None, "signing_secret": None}
    assert (await client.get("/v1/incident-webhook", headers=admin)).json() == none
    wrong = await client.put("/v1/incident-webhook", json={"url": "http://10.0.0.1/"}, headers=admin)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_field")
    put = (await client.put("/v1/incident-webhook", json={"url": NEWS_URL}, headers=admin)).json()
    assert put["url"] == NEWS_URL and put["signing_secret"].startswith("whsec_")
    assert (await client.get("/v1/incident-webhook", headers=admin)).json() == put
    assert (await client.put("/v1/incident-webhook", json={"url": None}, headers=admin)).json() == none
