"""Tenants that have a secret in every layer and kind of thing, and the ids of what they have."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from infra.bench.canaries.secrets import Ears, Secrets
from infra.bench.harness.installation import Installed, add_documents, create_tenant

ROLES = ("member", "editor", "analyst", "auditor", "admin")
QUESTION = "What is the code of the harbour, and who may know it?"
AT_ONCE = 6
WITHIN_S = 60.0


@dataclass
class PopulatedTenant:
    """One of them: what its people hear, and ids by kind."""

    id: str
    ears: Ears
    ids: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """All of them, in one installation."""

    ours: Installed
    secrets: Secrets
    tenants: Sequence[PopulatedTenant]

    def token(self, tenant: PopulatedTenant, user: str = "ada", roles: Sequence[str] = ROLES) -> str:
        """Of one of the tenant's people."""
        from api.composition.token_wiring import token_issuer
        from api.settings import read_settings

        issuer = token_issuer(read_settings(data_dir=str(self.ours.data_dir)))
        return issuer.issue(tenant=tenant.id, user=user, roles=list(roles), ttl_s=900).token

    def http(self, tenant: PopulatedTenant, user: str = "ada") -> httpx.Client:
        """The API as one of the tenant's people, whose ears hear every answer whole."""

        def heard(answer: httpx.Response) -> None:
            answer.read()
            tenant.ears.answers += 1
            where = f"{answer.request.method} {answer.request.url.path}"
            tenant.ears.hear(f"{answer.headers}{answer.text}", where)

        return httpx.Client(
            base_url=self.ours.url,
            headers={"Authorization": f"Bearer {self.token(tenant, user)}"},
            event_hooks={"response": [heard]},
            timeout=30,
        )


def document(word: str) -> str:
    """One that answers the question with a secret, several times: what breaks it over frames is the model's pace."""
    return (
        f"# Harbour\n\nThe code of the harbour is {word} and the harbour master alone may know it. Whoever asks "
        f"for the code of the harbour is told {word} by the harbour master. "
        f"The code {word} of the harbour is changed in May.\n"
    )


def populate(ours: Installed, tenants: int) -> World:
    """So many tenants, each with one of each thing."""
    secrets = Secrets()

    def one(number: int) -> PopulatedTenant:
        id = create_tenant(ours, {}, f"tenant {number}")
        add_documents(id, {f"{secrets.word(id, 'title')}.md": document(secrets.word(id, "document"))})
        return PopulatedTenant(id, Ears(secrets, id))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        world = World(ours, secrets, list(pool.map(one, range(tenants))))
        list(pool.map(lambda tenant: _fill(world, tenant), world.tenants))
    return world


def _fill(world: World, tenant: PopulatedTenant) -> None:
    word = partial(world.secrets.word, tenant.id)
    with world.http(tenant) as http:
        documents = good(http.get("/v1/documents"))["documents"]
        file = (f"{word('file name')}.txt", word("file").encode())
        rows = f"harbour,code\nnorth,{word('row')}\n".encode()
        tool: dict[str, Any] = {
            "description": word("tool"),
            "input_schema": {"type": "object", "properties": {}},
            "query": {"dataset": "harbours", "sql": "SELECT code FROM harbours"},
        }
        good(http.put("/v1/datasets/harbours", files={"file": ("harbours.csv", rows)}))
        good(http.put("/v1/tools/look_up", json=tool))
        good(http.put(f"/v1/assistants/a-{word('assistant')}", json={"instructions": word("instructions")}))
        machine = {"name": word("machine"), "roles": ["member"]}
        told = {"title": word("incident"), "text": word("incident text")}
        tenant.ids = {
            "document_id": documents[0]["document_id"],
            "file_id": good(http.post("/v1/files", files={"file": file}))["file_id"],
            "incident_id": good(http.post("/v1/incidents", json=told))["incident_id"],
            "key_id": good(http.post("/v1/api-keys", json={"name": word("key"), "user": "ada"}))["key_id"],
            "account_id": good(http.post("/v1/service-accounts", json=machine))["account_id"],
            "name": f"a-{word('assistant')}",
            "tenant_id": tenant.id,
        }


def good(answer: httpx.Response) -> Any:
    """What it says, if it is no refusal."""
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {answer.text[:300]}")
    return answer.json() if answer.content else None
