"""Collections are defined by admins, with users by their names, and shown to those who may read them."""

from __future__ import annotations

from pathlib import Path

import httpx

from application.documents.readable_documents import ReadableDocuments
from application.ports.documents.corpus import NewDocument
from application.tenants.put_collection import DeleteCollectionHandler, PutCollectionHandler
from domain.tenant.document_collections import CollectionPut
from tests.api.harness import asgi, bearer, make_services, operator, replaced
from tests.fakes.in_memory_corpus import InMemoryCorpus
from tests.fakes.in_memory_event_store import InMemoryEventStore

BOARD = {"description": "Minutes", "roles": [], "groups": ["directors"], "users": ["ada"]}


async def test_defined_shown_and_taken_away(tmp_path: Path) -> None:
    given, corpus = make_services(tmp_path), InMemoryCorpus()
    tenants = given.tenants.known
    services = replaced(
        given,
        corpus=corpus,
        collections=ReadableDocuments(tenants, corpus),
        put_collection=PutCollectionHandler(given.store, tenants, given.access.users),
        delete_collection=DeleteCollectionHandler(given.store, tenants, corpus),
    )
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy") as client:
        made = await client.post("/v1/tenants", json={"name": "Acme"}, headers=operator(services))
        tenant = made.json()["tenant_id"]
        admin = bearer(services, ["admin"], tenant, "root")
        await client.get("/v1/documents", headers=bearer(services, ["member"], tenant))  # ada's name is known by now
        put = await client.put("/v1/collections/board", json=BOARD, headers=admin)
        assert (put.status_code, put.json()) == (200, {"name": "board", **BOARD})
        assert (await client.put("/v1/collections/board", json=BOARD, headers=admin)).status_code == 200
        assert isinstance(given.store, InMemoryEventStore)
        [stored] = [one.event for one in given.store.log if isinstance(one.event, CollectionPut)]
        assert stored.collection.users[0].startswith("~"), "a name is stored nowhere in the clear"
        assert (await client.get("/v1/collections/board", headers=admin)).json() == put.json()

        shown = [{"name": "board", "description": "Minutes"}]
        for user, roles, seen in (
            ("ada", ["member"], shown), ("bob", ["member"], []), ("bob", ["editor"], []), ("root", ["admin"], shown),
        ):  # fmt: skip
            listed = await client.get("/v1/collections", headers=bearer(services, roles, tenant, user))
            assert listed.json() == {"collections": seen}
        member = bearer(services, ["member"], tenant)
        assert (await client.get("/v1/collections/board", headers=member)).status_code == 403

        for name, body in (
            ("a b", {}), ("x", {"roles": ["operator"]}), ("x", {"users": ["\x07"]}), ("x", {"groups": [""]}),
            ("x", {"description": "\0"}), ("x", {"users": "ada"}),
        ):  # fmt: skip
            refused = await client.put(f"/v1/collections/{name}", json=body, headers=admin)
            assert refused.status_code == 400, body
        assert (await client.get("/v1/collections/x", headers=admin)).status_code == 404

        assistant = {"collections": ["board"]}
        assert (await client.put("/v1/assistants/minutes", json=assistant, headers=admin)).status_code == 200
        in_use = await client.delete("/v1/collections/board", headers=admin)
        assert (in_use.status_code, in_use.json()["code"]) == (409, "in_use") and "minutes" in in_use.json()["detail"]
        await client.put("/v1/assistants/minutes", json={}, headers=admin)
        held = NewDocument(
            document_id="d", title="d", content_hash=b"d", media_type="text/plain", size=1, collection="board"
        )
        await corpus.register(tenant, held)
        assert "holds documents" in (await client.delete("/v1/collections/board", headers=admin)).json()["detail"]
        await corpus.delete(tenant, "d")
        assert (await client.delete("/v1/collections/board", headers=admin)).status_code == 204
        assert (await client.delete("/v1/collections/board", headers=admin)).status_code == 404
