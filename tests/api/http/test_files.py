"""A member's files over HTTP: what is kept, what is refused, and whom a link lets in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from api.services import Services
from application.clock import new_id
from tests.api.harness import TENANT, asgi, bearer, browsing, make_services
from tests.application.files.harness import FileHouse

MB = 1024 * 1024
FOREIGN = "01977c9e-3333-7000-8000-000000000001"


@pytest.fixture
def house(tmp_path: Path) -> FileHouse:
    return FileHouse(tmp_path / "waiting", spool_bytes=10 * MB)


@pytest.fixture
def services(house: FileHouse, tmp_path: Path) -> Services:
    return make_services(
        tmp_path,
        settings={"file_mb": 1},
        store=house.store,
        add_file=house.handle_add,
        delete_file=house.delete,
        open_file=house.open,
        links=house.links,
        register=house.register,
    )


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    headers = bearer(services, ["member"])
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy", headers=headers) as found:
        yield found


async def upload(client: httpx.AsyncClient, name: str, body: bytes, **more: Any) -> httpx.Response:
    return await client.post("/v1/files", files={"file": (name, body)}, **more)


async def test_from_upload_to_download_to_nothing(client: httpx.AsyncClient, services: Services) -> None:
    answer = await upload(client, "Ünï “x”;\u202e.html", b"<html><script>alert(1)</script>")
    assert answer.status_code == 201
    id = answer.json()["file_id"]
    shown = (await client.get(f"/v1/files/{id}")).json()
    known = ("file_id", "name", "media_type", "size", "status")
    assert [shown[name] for name in known] == [id, "Ünï “x”;.html", "text/html", 31, "stored"]
    listed = (await client.get("/v1/files")).json()
    assert [(file["file_id"], file["name"]) for file in listed["files"]] == [(id, shown["name"])]
    async with httpx.AsyncClient(transport=asgi(services)) as anybody:  # the link alone
        given = await anybody.get(shown["url"])
        assert given.status_code == 200 and given.content == b"<html><script>alert(1)</script>"
        assert given.headers["content-disposition"] == (
            "attachment; filename=\"_n_ _x__.html\"; filename*=UTF-8''%C3%9Cn%C3%AF%20%E2%80%9Cx%E2%80%9D%3B.html"
        )
        assert (
            given.headers["x-content-type-options"] == "nosniff"
            and "sandbox" in given.headers["content-security-policy"]
        )
        assert (await client.delete(f"/v1/files/{id}")).status_code == 204
        assert (await anybody.get(shown["url"])).status_code == 404
    assert (await client.get("/v1/files")).json() == {"files": [], "next": None}


async def test_foreign_and_absent_files_answer_alike(client: httpx.AsyncClient, services: Services) -> None:
    id = (await upload(client, "a.txt", b"mine")).json()["file_id"]
    colleague, stranger = bearer(services, user="bob"), bearer(services, tenant=FOREIGN)
    answers = set()
    for headers, asked in [
        (colleague, id),
        (stranger, id),
        (colleague, new_id()),
        (colleague, "x"),
        (stranger, "x" * 300),
    ]:
        for method in ("GET", "DELETE"):
            answer = await client.request(method, f"/v1/files/{asked}", headers=headers)
            said = answer.json()
            said.pop("trace_id")
            answers.add((answer.status_code, str(said)))
    [(status, said)] = answers
    assert status == 404 and "file_not_found" in said
    bob = await services.access.users.pseudonym(TENANT, "bob")
    routes = [f"{method} /v1/files/{{file_id}}" for method in ("GET", "DELETE")]
    assert services.access.denials._noted == {TENANT: {(bob, route, "theirs"): 1 for route in routes}}, (
        "auditors are told of what is a colleague's; what is absent, or of another tenant, is no denial"
    )
    assert (await client.get("/v1/files", headers=colleague)).json()["files"] == []
    assert (await client.get(f"/v1/files/{id}")).status_code == 200
    for role in ("editor", "admin", "analyst", "auditor"):
        assert (await client.get("/v1/files", headers=bearer(services, [role]))).status_code == 403


async def test_files_that_are_refused(client: httpx.AsyncClient, house: FileHouse) -> None:
    form = {"content-type": "multipart/form-data; boundary=b"}
    cases = [
        (await upload(client, "a.txt", b""), 400, "empty_file"),
        (await upload(client, "a.txt", b"x" * (MB + 1)), 413, "payload_too_large"),
        (await client.post("/v1/files", files={"other": ("a", b"x")}), 400, "invalid_field"),
        (await client.post("/v1/files", content=b"--b", headers=form), 400, "invalid_field"),
        (await client.post("/v1/files", content=b"x"), 415, "unsupported_media_type"),
        (await client.post("/v1/files", json={"name": "a"}), 400, "invalid_field"),
        (await client.post("/v1/files", json={"name": "a", "size": 0}), 400, "invalid_field"),
        (await client.post("/v1/files", json={"name": "a\0", "size": 1}), 400, "invalid_character"),
        (await client.post("/v1/files", json={"name": "a", "size": MB + 1}), 413, "payload_too_large"),
        (await client.post("/v1/files", json={"name": "a" * 70_000, "size": 1}), 413, "payload_too_large"),
        (await client.get("/v1/files?limit=0"), 400, "invalid_range"),
        (await client.get("/v1/files?cursor=x"), 400, "invalid_cursor"),
    ]
    for answer, status, code in cases:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not house.blobs.kept and not house.store.log


async def test_pages_go_on_at_their_cursor(client: httpx.AsyncClient) -> None:
    ids = [(await upload(client, f"{n}.txt", b"x")).json()["file_id"] for n in range(5)]
    seen, cursor = [], ""
    while True:
        page = (await client.get(f"/v1/files?limit=2{cursor}")).json()
        seen += [file["file_id"] for file in page["files"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ids[::-1]


async def test_a_file_comes_by_a_link(client: httpx.AsyncClient, services: Services) -> None:
    wanted = {"name": "dir/notes.txt", "size": 5, "media_type": "image/png"}
    made = (await client.post("/v1/files", json=wanted)).json()
    assert made["method"] == "PUT" and (await client.get(f"/v1/files/{made['file_id']}")).status_code == 404
    async with httpx.AsyncClient(transport=asgi(services)) as anybody:
        short = await anybody.put(made["upload_url"], content=b"four")
        long = await anybody.put(made["upload_url"], content=b"sixsix")
        assert (short.status_code, long.status_code) == (400, 413)
        assert (await anybody.get(made["upload_url"])).status_code == 404, "it gives nothing out"
        for _ in range(2):
            done = await anybody.put(made["upload_url"], content=b"words")
            assert (done.status_code, done.json()) == (201, {"file_id": made["file_id"]})
        assert (await anybody.put(made["upload_url"], content=b"other")).json()["code"] == "in_use"
        shown = (await client.get(f"/v1/files/{made['file_id']}")).json()
        assert (shown["name"], shown["media_type"], shown["size"]) == ("notes.txt", "text/plain", 5)
        assert (await anybody.put(shown["url"], content=b"words")).status_code == 404, "it takes nothing"


async def test_whoever_changes_a_link_is_let_in_nowhere(client: httpx.AsyncClient, services: Services) -> None:
    id = (await upload(client, "a.txt", b"mine")).json()["file_id"]
    url = urlsplit((await client.get(f"/v1/files/{id}")).json()["url"])
    query = dict(pair.split("=") for pair in url.query.split("&"))
    other = (await upload(client, "b.txt", b"other")).json()["file_id"]
    tried = [
        f"/v1/files/{other}/content?{url.query}", f"/v1/files/{id}/content", f"/v1/files/x/content?{url.query}",
        *(f"{url.path}?{urlencode(query | change)}" for change in (
            {"user": "bob"}, {"tenant": FOREIGN}, {"tenant": "x" * 500}, {"expires": "9999999999"}, {"expires": "x"},
            {"signature": "0" * 64}, {"signature": ""}, {"name": "a"}, {"size": "1"},
        )),
    ]  # fmt: skip
    answers = [await client.get(path, headers={"authorization": ""}) for path in tried]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "file_not_found")}


async def test_the_console_brings_and_lists_files_by_its_cookie(client: httpx.AsyncClient, services: Services) -> None:
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy") as browser:
        headers = await browsing(services)
        answer = await browser.post("/console/api/v1/files", files={"file": ("a.txt", b"x")}, headers=headers)
        assert answer.status_code == 201
        [file] = (await browser.get("/console/api/v1/files", headers=headers)).json()["files"]
        assert urlsplit(file["url"]).netloc == "colloquy" and (await browser.get(file["url"])).content == b"x"
    assert TENANT in file["url"]
