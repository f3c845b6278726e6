"""A document's whole life on the real parts: brought, read by the ingest job, found, quoted, and gone for good."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

import psycopg
import pytest
from msgspec.structs import replace

from api.composition.ingest_wiring import run_ingest
from api.composition.provision import provision
from api.composition.wiring import open_services
from api.services import Services
from api.settings import read_settings
from application.clock import new_id
from application.ports.documents.corpus import NewDocument
from domain.access import PLATFORM_TENANT, Principal
from domain.event import Shredded
from domain.tenant.document_collections import DocumentCollection
from infra.local.endpoints import Endpoints
from tests.adapters.extract.files import pdf, word
from tests.application.documents.harness import received
from tests.plaintext import files_that_tell

pytestmark = pytest.mark.real

SECRETS = (b"Wolpertinger", b"wolpertinger", b"wolperting", b"moonlit clearing")


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
async def services(
    endpoints: Endpoints, database: str, patched: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    for name, value in endpoints.environment(os.environ).items():
        patched.setenv(name, value)
    data_dir, bucket = tmp_path_factory.mktemp("data"), f"bucket-{new_id()}"
    settings = read_settings(database_url=database, data_dir=str(data_dir), bucket=bucket, table=f"t-{new_id()}")
    await provision(settings)
    stop = asyncio.Event()
    async with open_services(settings) as services:
        ingest = asyncio.create_task(run_ingest(settings, stop))
        yield services
        stop.set()
        await asyncio.wait_for(ingest, 30)


async def new_editor(services: Services) -> Principal:
    operator = Principal(PLATFORM_TENANT, "op", frozenset({"operator"}), 2e9)
    tenant = await services.tenants.create_tenant(operator, "A tenant")
    return Principal(tenant.tenant_id, "eda", frozenset({"editor", "member"}), 2e9)


async def settled(services: Services, editor: Principal, ids: list[str]) -> list[str]:
    """Statuses once none is pending."""
    async with asyncio.timeout(60):
        while True:
            rows = [await services.documents.corpus.fetch(editor.tenant, id) for id in ids]
            if all(row is not None and row.status != "pending" for row in rows):
                return [row.reason or row.status for row in rows if row is not None]
            await asyncio.sleep(0.05)  # another process reads it


async def test_from_bytes_to_a_quote(services: Services) -> None:
    editor = await new_editor(services)
    files = {
        "a.txt": b"The lighthouse keeper is called Moira.",
        "b.pdf": pdf("Harbour dues are forty crowns a night"),
        "c.docx": word("Sailing lessons begin in April"),
        "d.pdf": pdf("hidden", password="secret"),
    }
    ids = [
        (await services.documents.add_document(editor, received(name, body))).document_id
        for name, body in files.items()
    ]
    assert await settled(services, editor, ids) == ["indexed", "indexed", "indexed", "password_protected"]
    for question, place in (
        ("who keeps the lighthouse?", 0),
        ("what do I pay the harbour?", 1),
        ("sailing lessons", 2),
    ):
        best = (await services.documents.search_documents(editor, question, 5))[0]
        assert best.document_id == ids[place]
        text = await services.documents.corpus.fetch_text(editor.tenant, ids[place])
        assert text is not None and text[best.start : best.end] == best.text


async def test_versions_and_collections_from_bytes_to_a_quote(services: Services) -> None:
    editor = await new_editor(services)
    admin = replace(editor, roles=frozenset({"admin"}))
    await services.tenants.put_collection(admin, "board", DocumentCollection(groups=("directors",)), [])
    director = replace(editor, groups=frozenset({"directors"}))
    documents = services.documents

    async def brought(who: Principal, body: bytes, collection: str = "") -> str:
        id = (await documents.add_document(who, received("dues.txt", body), collection)).document_id
        assert await settled(services, editor, [id]) == ["indexed"]
        return id

    first = await brought(editor, b"Harbour dues are forty crowns")
    secret = await brought(director, b"Harbour dues will be ninety crowns", "board")
    second = await brought(editor, b"Harbour dues are fifty crowns")

    async def found(who: Principal) -> set[str]:
        return {passage.document_id for passage in await documents.search_documents(who, "harbour dues", 9)}

    assert await found(editor) == {second} and await found(director) == {second, secret}
    assert await documents.corpus.fetch_text(editor.tenant, first) == "Harbour dues are forty crowns"
    await documents.reread_document(editor, second)
    assert second in await found(editor), "also while it is read again"
    assert await settled(services, editor, [second]) == ["indexed"]
    await documents.move_document(director, second, "board")
    assert await found(editor) == set() and await found(director) == {second, secret}
    assert await documents.delete_document(director, second) == 2
    assert await found(director) == {secret} and await documents.corpus.fetch(editor.tenant, first) is None


async def test_a_deleted_document_leaves_no_plaintext_in_any_file(services: Services) -> None:
    editor = await new_editor(services)
    body = b"The Wolpertinger of the moonlit clearing sleeps at noon."
    id = (await services.documents.add_document(editor, received("Wolpertinger.txt", body))).document_id
    assert await settled(services, editor, [id]) == ["indexed"]
    assert await services.documents.search_documents(editor, "wolpertinger", 1)
    await services.documents.delete_document(editor, id)
    facts = await services.store.load(f"{editor.tenant}/document/{id}")
    assert isinstance(facts[0].event, Shredded)
    assert not await services.documents.blobs.get(f"{editor.tenant}/documents/{id}", BytesIO())
    assert await asyncio.to_thread(files_that_tell, services.settings.database_url, SECRETS) == []


async def test_what_a_dead_reader_claimed_is_read_by_another(services: Services) -> None:
    editor = await new_editor(services)
    id = new_id()
    new = NewDocument(document_id=id, title="a.txt", content_hash=b"a", media_type="text/plain", size=1)
    await services.documents.corpus.register(editor.tenant, new)
    async with await psycopg.AsyncConnection.connect(services.settings.database_url, autocommit=True) as owner:
        await owner.execute(
            "UPDATE documents SET attempt = 1, claimable_at = now() - interval '1 second' WHERE document_id = %s", (id,)
        )
    # Its upload never came to an end, so whoever reads it next clears it away.
    async with asyncio.timeout(30):
        while await services.documents.corpus.fetch(editor.tenant, id) is not None:  # noqa: ASYNC110  # another process reads it
            await asyncio.sleep(0.05)
