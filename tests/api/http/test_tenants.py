"""Operators open tenants, admins define assistants, and turns see what is in force."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from api.services import Services
from application.ports.tenants.tenants import FRESH_S
from application.tenants.cached_tenants import CachedTenants
from domain.event import Envelope
from domain.refusals import AssistantNotFound, DependencyUnavailable
from domain.tenant.assistant import PII_DEFAULTS, Assistant
from tests.api.harness import NotedTenants, asgi, bearer, make_services, operator
from tests.fakes.in_memory_event_store import InMemoryEventStore


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return make_services(tmp_path)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = asgi(services)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as found:
        yield found


async def opened(client: httpx.AsyncClient, services: Services, name: str = "Acme") -> str:
    answer = await client.post("/v1/tenants", json={"name": name}, headers=operator(services))
    assert answer.status_code == 201
    return str(answer.json()["tenant_id"])


async def test_a_tenant_has_a_key_a_corpus_a_fact_and_a_line(client: httpx.AsyncClient, services: Services) -> None:
    tenant = await opened(client, services, "  Zoë's Bücher 漢字  ")
    assert isinstance(services.documents.corpus, NotedTenants)
    assert services.documents.corpus.keys == services.documents.corpus.corpora == {tenant}
    facts = await services.store.load(f"{tenant}/tenant/{tenant}")
    assert [(type(fact.event).TOPIC, await services.access.users.name(tenant, fact.actor)) for fact in facts] == [
        ("tenant.created.1", "ada")
    ]
    listed = (await client.get("/v1/tenants", headers=operator(services))).json()
    assert [(row["tenant_id"], row["name"]) for row in listed["tenants"]] == [(tenant, "Zoë's Bücher 漢字")]


async def test_the_list_pages(client: httpx.AsyncClient, services: Services) -> None:
    made = [await opened(client, services, f"t{number}") for number in range(5)]
    found, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/tenants", params=query, headers=operator(services))).json()
        found += [row["tenant_id"] for row in page["tenants"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == made


async def test_every_tenant_has_the_default_assistant(client: httpx.AsyncClient, services: Services) -> None:
    admin = bearer(services, ["admin"], await opened(client, services))
    shown = (await client.get("/v1/assistants/default", headers=admin)).json()
    assert (shown["version"], shown["plan"], shown["documents"]) == (0, "lean", True)
    assert shown["pii"] == PII_DEFAULTS


async def test_a_put_replaces_the_whole(client: httpx.AsyncClient, services: Services) -> None:
    admin = bearer(services, ["admin"], await opened(client, services))
    first = {
        "instructions": "Be brief.",
        "plan": ["retrieve", "answer_from_documents"],
        "pii": {"email": "block"},
        "tools": ["sql"],
    }
    answer = (await client.put("/v1/assistants/legal", json=first, headers=admin)).json()
    assert (answer["version"], answer["plan"], answer["tools"]) == (1, ["retrieve", "answer_from_documents"], ["sql"])
    assert answer["pii"] == PII_DEFAULTS | {"email": "block"}
    again = (await client.put("/v1/assistants/legal", json=first, headers=admin)).json()
    assert again == answer
    emptied = (await client.put("/v1/assistants/legal", json={}, headers=admin)).json()
    assert (emptied["version"], emptied["instructions"], emptied["pii"]) == (2, "", PII_DEFAULTS)
    assert (await client.get("/v1/assistants/legal", headers=admin)).json() == emptied


async def test_twenty_puts_at_once_are_all_answered(client: httpx.AsyncClient, services: Services) -> None:
    admin = bearer(services, ["admin"], await opened(client, services))
    puts = [
        client.put("/v1/assistants/default", json={"instructions": str(number)}, headers=admin) for number in range(20)
    ]
    codes = {answer.status_code for answer in await asyncio.gather(*puts)}
    assert codes <= {200, 503}


async def test_another_process_hears_of_a_change(services: Services, client: httpx.AsyncClient) -> None:
    tenant = await opened(client, services)
    assert isinstance(services.store, InMemoryEventStore)
    elsewhere = CachedTenants(services.store)
    assert await elsewhere.assistant(tenant, "default") == (Assistant(), 0)
    body = {"instructions": "new"}
    await client.put("/v1/assistants/default", json=body, headers=bearer(services, ["admin"], tenant))
    assert await elsewhere.assistant(tenant, "default") == (Assistant(instructions="new"), 1)


class Deaf(InMemoryEventStore):
    """A second process that is told of no change."""

    def on_tenant_change(self, heard: Callable[[str], None]) -> None:
        """It hears nothing."""


class Interrupted(InMemoryEventStore):
    """A second process; what it is given happens once, before what it loads is there."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        found = await super().load(stream, after=after, upto=upto)
        happens, self.meanwhile = self.meanwhile, None
        if happens:
            await happens()
        return found


async def test_a_change_that_nobody_was_told_of_is_found_after_a_while(
    services: Services, client: httpx.AsyncClient
) -> None:
    tenant = await opened(client, services)
    assert isinstance(services.store, InMemoryEventStore)
    seconds = 0.0
    elsewhere = CachedTenants(Deaf(beside=services.store), lambda: seconds)
    assert await elsewhere.assistant(tenant, "default") == (Assistant(), 0)
    body = {"instructions": "new"}
    await client.put("/v1/assistants/default", json=body, headers=bearer(services, ["admin"], tenant))
    assert await elsewhere.assistant(tenant, "default") == (Assistant(), 0)
    seconds = FRESH_S
    assert await elsewhere.assistant(tenant, "default") == (Assistant(instructions="new"), 1)


async def test_a_change_that_is_told_while_settings_are_read_is_not_overlooked(
    services: Services, client: httpx.AsyncClient
) -> None:
    tenant = await opened(client, services)
    assert isinstance(services.store, InMemoryEventStore)
    there = Interrupted(beside=services.store)
    elsewhere, admin = CachedTenants(there), bearer(services, ["admin"], tenant)
    there.meanwhile = partial(client.put, "/v1/assistants/default", json={"instructions": "new"}, headers=admin)
    assert await elsewhere.assistant(tenant, "default") == (Assistant(), 0)
    assert await elsewhere.assistant(tenant, "default") == (Assistant(instructions="new"), 1)


async def test_a_turn_does_not_load_its_tenant_each_time(services: Services, client: httpx.AsyncClient) -> None:
    tenant = await opened(client, services)
    await services.tenants.known.assistant(tenant, "default")
    assert isinstance(services.store, InMemoryEventStore)
    services.store.away = True
    assert await services.tenants.known.assistant(tenant, "default") == (Assistant(), 0)
    services.tenants.known.forget(tenant)
    with pytest.raises(DependencyUnavailable):
        await services.tenants.known.assistant(tenant, "default")


async def test_who_is_no_tenant_has_no_assistant(services: Services) -> None:
    for tenant in ("01977c9e-1111-7000-8000-00000000dead", "_platform"):
        with pytest.raises(AssistantNotFound):
            await services.tenants.known.assistant(tenant, "default")
