"""Documents and search over HTTP: what is accepted, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.tenant.document_collections import DocumentCollection
from tests.api.harness import TENANT, asgi, bearer, make_services
from tests.application.documents.harness import House

MAX = 10_000


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def client(house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    services = make_services(
        tmp_path,
        settings={"max_document_bytes": MAX},
        store=house.store,
        corpus=house.corpus,
        blobs=house.blobs,
        add_document=house.handle_add,
        delete_document=house.delete,
        reread_document=house.reread,
        move_document=house.move,
        collections=house.collections,
        search_documents=house.search,
    )
    transport = asgi(services)
    headers = bearer(services, ["editor", "member"])
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy", headers=headers) as found:
        yield found


async def upload(client: httpx.AsyncClient, name: str, body: bytes) -> httpx.Response:
    return await client.post("/v1/documents", files={"file": (name, body)})


async def read_all(house: House) -> None:
    for claim in await house.corpus.claim_pending(100):
        await house.read(claim)


async def test_from_file_to_quote_to_nothing(client: httpx.AsyncClient, house: House) -> None:
    answer = await upload(client, "../tides.txt", "Die Flut kommt zweimal: „täglich“.".encode())
    assert answer.status_code == 202
    id = answer.json()["document_id"]
    assert answer.json()["status"] == "pending"
    assert (await client.get(f"/v1/documents/{id}/text")).status_code == 404
    await read_all(house)
    shown = (await client.get(f"/v1/documents/{id}")).json()
    assert (shown["title"], shown["status"], shown["reason"], shown["passages"]) == ("tides.txt", "indexed", None, 1)
    text = (await client.get(f"/v1/documents/{id}/text")).json()["text"]
    plain = await client.get(f"/v1/documents/{id}/text", headers={"Accept": "text/plain"})
    assert plain.text == text and plain.headers["content-type"].startswith("text/plain")
    [passage] = (await client.post("/v1/search", json={"query": "Flut", "k": 3})).json()["passages"]
    assert passage["document_id"] == id and text[passage["start"] : passage["end"]] == passage["text"]
    assert (await client.delete(f"/v1/documents/{id}")).status_code == 204
    for absent in (id, "01977c9e-2222-7000-8000-000000000001", "x", "a" * 300):
        assert (await client.get(f"/v1/documents/{absent}")).json()["code"] == "document_not_found"
        assert (await client.delete(f"/v1/documents/{absent}")).status_code == 404


async def test_a_document_says_what_was_not_read_of_it(client: httpx.AsyncClient, house: House) -> None:
    form = (
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.md\r\n\r\n"
        b"# Ma\xc3\x9fe\n\nGr\xc3\xb6\xc3\x9fer als \xff\r\n--x--\r\n"
    )
    sent = {"content-type": "multipart/form-data; boundary=x"}
    id = (await client.post("/v1/documents", content=form, headers=sent)).json()["document_id"]
    assert (await client.get(f"/v1/documents/{id}")).json()["title"] == "Größe.md"
    await read_all(house)
    shown = (await client.get(f"/v1/documents/{id}")).json()
    assert (shown["title"], shown["status"], shown["encoding"]) == ("Maße", "indexed", "utf-8")
    assert shown["warnings"] == ["Bytes that stand for no character: 1."]
    assert (await client.get("/v1/documents")).json()["documents"][0]["warnings"] == shown["warnings"]
    [passage] = (await client.post("/v1/search", json={"query": "größer", "k": 3})).json()["passages"]
    assert (passage["heading"], passage["page"], passage["row"]) == ("Maße", None, None)


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("a.txt", b"", 400, "empty_file"),
        ("a.pdf", b"no pdf at all", 400, "type_mismatch"),
        ("a.exe", b"MZ\x90\x00", 415, "unsupported_media_type"),
        ("a.txt", b"x" * (MAX + 1), 413, "payload_too_large"),
    ],
)
async def test_files_that_are_refused(
    client: httpx.AsyncClient, name: str, body: bytes, status: int, code: str
) -> None:
    answer = await upload(client, name, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get("/v1/documents")).json() == {"documents": [], "next": None}


async def test_a_body_beyond_the_limit_is_never_held(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        for _ in range(3_000):
            yield b"a" * 65_536

    answer = await client.post(
        "/v1/documents", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 413


FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("", b"", 415),
        ("multipart/form-data", b"--x--", 400),
        (FORM, b"", 400),
        (FORM, b"garbage", 400),
        (FORM, b"--x\r\n\r\n", 400),
        (FORM, b'--x\r\nContent-Disposition: form-data; name="other"; filename="a.txt"\r\n\r\nx\r\n--x--\r\n', 400),
        (FORM, b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\ncut', 400),
        (FORM, b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff\xfe.txt"\r\n\r\nx\r\n--x--', 400),
        (FORM, b"--x\r\nContent-Disposition: " + b"a" * 10_000 + b"\r\n\r\nx\r\n--x--", 400),
    ],
)
async def test_forms_that_are_none(client: httpx.AsyncClient, content_type: str, body: bytes, status: int) -> None:
    answer = await client.post("/v1/documents", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    assert answer.json()["trace_id"]


async def test_pages(client: httpx.AsyncClient, house: House) -> None:
    ids = [(await upload(client, f"{n}.txt", b"text %d" % n)).json()["document_id"] for n in range(5)]
    first = (await client.get("/v1/documents", params={"limit": 3})).json()
    second = (await client.get("/v1/documents", params={"limit": 3, "cursor": first["next"]})).json()
    assert [row["document_id"] for row in first["documents"] + second["documents"]] == ids[::-1]
    assert second["next"] is None
    await read_all(house)
    assert (await client.get("/v1/documents", params={"status": "pending"})).json()["documents"] == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"limit": 0}, "invalid_range"), ({"limit": 1001}, "invalid_range"), ({"limit": "many"}, "invalid_field"),
        ({"cursor": "x"}, "invalid_cursor"), ({"status": "lost"}, "invalid_field"),
    ],
)  # fmt: skip
async def test_pages_that_there_are_not(client: httpx.AsyncClient, parameters: dict[str, Any], code: str) -> None:
    answer = await client.get("/v1/documents", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": ""}, "invalid_field"), ({}, "invalid_field"), ({"query": 7}, "invalid_field"),
        ({"query": "a\x00b"}, "invalid_character"), ({"query": "x", "k": 51}, "invalid_range"),
        ({"query": "x", "k": 0}, "invalid_range"), ({"query": "x", "k": "ten"}, "invalid_field"),
        ({"query": "x", "by": "magic"}, "invalid_field"),
    ],
)  # fmt: skip
async def test_searches_that_are_refused(client: httpx.AsyncClient, body: dict[str, Any], code: str) -> None:
    answer = await client.post("/v1/search", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("piece", [1, 100, 9_999, 10_000_000])
async def test_a_file_arrives_whole_however_it_is_cut(client: httpx.AsyncClient, house: House, piece: int) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    text = f"cut into pieces of {piece}: ".encode() + b"y" * (MAX - 100)
    form = head + text + b"\r\n--x--\r\n"

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(form), piece):
            yield form[start : start + piece]

    answer = await client.post("/v1/documents", content=body(), headers={"Content-Type": FORM})
    assert answer.status_code == 202, answer.text
    await read_all(house)
    id = answer.json()["document_id"]
    assert (await client.get(f"/v1/documents/{id}/text")).json()["text"] == text.decode()


async def test_what_a_form_holds_besides_its_file_is_bounded(client: httpx.AsyncClient) -> None:
    other = b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n' + b"z" * 500_000 + b"\r\n"
    answer = await client.post("/v1/documents", content=other, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.json()["code"]) in {(400, "invalid_field"), (413, "payload_too_large")}


async def test_versions_progress_and_reading_again(client: httpx.AsyncClient, house: House) -> None:
    first = (await upload(client, "a.txt", b"tea at four")).json()["document_id"]
    waiting = (await client.get(f"/v1/documents/{first}")).json()
    assert waiting["progress"] == {"stage": "waiting", "done": 0, "total": 0}
    await house.corpus.claim_pending(9)
    assert (await client.get(f"/v1/documents/{first}")).json()["progress"]["stage"] == "reading"
    await house.corpus.progress(TENANT, first, 1, 3)
    assert (await client.get(f"/v1/documents/{first}")).json()["progress"] == {
        "stage": "embedding", "done": 1, "total": 3,
    }  # fmt: skip
    await house.corpus.announce(TENANT, first)
    await read_all(house)
    assert (await client.get(f"/v1/documents/{first}")).json()["progress"] == {
        "stage": "indexed", "done": 1, "total": 1,
    }  # fmt: skip
    second = (await upload(client, "a.txt", b"tea at five")).json()["document_id"]
    await read_all(house)
    versions = (await client.get(f"/v1/documents/{first}/versions")).json()["documents"]
    assert [(one["document_id"], one["version"], one["replaced_at"] is None) for one in versions] == [
        (second, 2, True), (first, 1, False),
    ]  # fmt: skip
    assert [one["document_id"] for one in (await client.get("/v1/documents")).json()["documents"]] == [second]
    assert (await client.get(f"/v1/documents/{first}/text")).json()["text"] == "tea at four"
    again = await client.post(f"/v1/documents/{second}/reindex")
    assert (again.status_code, again.json()) == (202, {"document_id": second, "status": "pending"})
    await read_all(house)
    both = await client.post("/v1/documents?replace=false", files={"file": ("a.txt", b"tea at six")})
    assert both.status_code == 202
    await read_all(house)
    assert len((await client.get("/v1/documents")).json()["documents"]) == 2
    unknown = "01977c9e-2222-7000-8000-000000000001"
    for call in (
        client.get(f"/v1/documents/{unknown}/versions"), client.post(f"/v1/documents/{unknown}/reindex"),
        client.patch(f"/v1/documents/{unknown}", json={"collection": None}),
    ):  # fmt: skip
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


async def test_collections_by_their_routes(client: httpx.AsyncClient, house: House) -> None:
    house.tenants.collections |= {
        "board": DocumentCollection(groups=("directors",)),
        "team": DocumentCollection(description="ours"),
    }
    hidden = await client.post("/v1/documents?collection=board", files={"file": ("a.txt", b"tea")})
    absent = await client.post("/v1/documents?collection=nowhere", files={"file": ("a.txt", b"tea")})
    assert hidden.status_code == absent.status_code == 404 and hidden.json()["code"] == "not_found"
    made = await client.post("/v1/documents?collection=team", files={"file": ("a.txt", b"tea at four")})
    id = made.json()["document_id"]
    await read_all(house)
    assert (await client.get(f"/v1/documents/{id}")).json()["collection"] == "team"
    for query, found in (("", [id]), ("?collection=team", [id]), ("?collection=board", [])):
        listed = (await client.get(f"/v1/documents{query}")).json()["documents"]
        assert [one["document_id"] for one in listed] == found
    for body, found in (({}, [id]), ({"collections": ["team"]}, [id]), ({"collections": ["board"]}, [])):
        passages = (await client.post("/v1/search", json={"query": "tea", **body})).json()["passages"]
        assert [one["document_id"] for one in passages] == found
    moved = await client.patch(f"/v1/documents/{id}", json={"collection": None})
    assert moved.status_code == 200 and moved.json()["collection"] is None
    await house.corpus.move(TENANT, id, "board")
    for call in (
        client.get(f"/v1/documents/{id}"), client.get(f"/v1/documents/{id}/text"), client.delete(f"/v1/documents/{id}"),
        client.get(f"/v1/documents/{id}/versions"), client.post(f"/v1/documents/{id}/reindex"),
        client.patch(f"/v1/documents/{id}", json={"collection": "team"}),
    ):  # fmt: skip
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")
