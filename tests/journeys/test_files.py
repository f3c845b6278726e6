"""Files in a whole installation: brought, linked, kept while the store is away, gone when their session is erased."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import httpx
import pytest

from infra.bench.harness.installation import Installed
from tests.journeys.conftest import chatting, reading, set_pace
from tests.journeys.test_failures import pid_of

pytestmark = pytest.mark.real
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 1_000
SECRET = "the lighthouse keeper hid four silver spoons"


def brought(http: httpx.Client, name: str, body: bytes) -> str:
    answer = http.post("/v1/files", files={"file": (name, body)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["file_id"])


def shown(http: httpx.Client, *ids: str) -> list[dict[str, Any]]:
    answers = [http.get(f"/v1/files/{id}") for id in ids]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


def given(http: httpx.Client, *ids: str) -> list[bytes]:
    """What the links give out, to whoever has them."""
    return [httpx.get(file["url"]).raise_for_status().content for file in shown(http, *ids)]


def until_stored(http: httpx.Client, *ids: str) -> None:
    """Until another process has asked the store again, and it has taken them."""
    deadline = time.monotonic() + 60
    while {file["status"] for file in shown(http, *ids)} != {"stored"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_files_wait_while_the_store_is_away_and_nothing_is_missing_after(ours: Installed) -> None:
    large = os.urandom(20_000_000)
    with reading(ours, "member") as http, reading(ours, "member", user="user-9") as colleague:
        kept = [brought(http, "before.txt", b"before"), brought(http, "large.bin", large)]
        aws = pid_of(ours, "aws")
        os.kill(aws, signal.SIGSTOP)  # it takes connections and says nothing
        try:
            first, second, gone = (brought(http, f"{n}.txt", f"{SECRET} {n}".encode()) for n in range(3))
            assert {file["status"] for file in shown(http, first, second, gone)} == {"spooled"}
            assert given(http, first) == [f"{SECRET} 0".encode()]
            assert colleague.get(f"/v1/files/{first}").json()["code"] == "file_not_found"
            assert http.delete(f"/v1/files/{gone}").status_code == 204
        finally:
            os.kill(aws, signal.SIGCONT)
        until_stored(http, first, second)
        assert given(http, *kept, first, second) == [b"before", large, f"{SECRET} 0".encode(), f"{SECRET} 1".encode()]
        assert http.get(f"/v1/files/{gone}").status_code == 404
        tell = [path for path in ours.data_dir.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
        assert tell == []
        for id in (*kept, first, second):
            assert http.delete(f"/v1/files/{id}").status_code == 204
        assert http.get("/v1/files").json() == {"files": [], "next": None}


def pictures_seen(ours: Installed) -> list[str]:
    """The kinds of the pictures that reached a model."""
    requests = httpx.get(f"{ours.bedrock_url}/control/requests", timeout=30).raise_for_status().json()["requests"]
    messages = [message for request in requests for message in request["body"].get("messages", [])]
    return [block["image"]["format"] for message in messages for block in message["content"] if "image" in block]


async def test_a_file_is_answered_from_and_its_session_takes_it_along(ours: Installed) -> None:
    set_pace(ours)
    with reading(ours, "member") as http, reading(ours, "member", user="user-9") as other:
        notes = brought(http, "notes.txt", b"The zeppelin museum in Friedrichshafen opens at half past nine.")
        picture, foreign = brought(http, "a.png", PNG), brought(other, "b.txt", b"not yours")
        with reading(ours, "admin") as admin:
            put = admin.put("/v1/assistants/looks", json={"pictures": True, "documents": False})
            assert put.status_code == 200 and put.json()["pictures"] is True
        async with chatting(ours) as chat:
            await chat.open()
            refused = await chat.ask("a", "When does the zeppelin museum open?", attachments=[notes, foreign])
            assert (refused["type"], refused["code"]) == ("error", "file_not_found")
            refused = await chat.ask("b", "What is on this picture?", attachments=[picture])
            assert (refused["type"], refused["code"]) == ("error", "unsupported_media_type")
            done = await chat.ask("c", "When does the zeppelin museum open?", attachments=[notes])
            assert done["type"] == "turn.completed" and "half past nine" in done["text"]
            assert notes in [citation["document_id"] for citation in done["citations"]]
        async with chatting(ours) as looking:
            await looking.open(assistant="looks")
            assert (await looking.ask("p", "What is this?", attachments=[picture]))["type"] == "turn.completed"
        assert pictures_seen(ours) == ["png"]
        assert http.delete(f"/v1/sessions/{chat.session_id}").status_code in (200, 204)
        assert http.get(f"/v1/files/{notes}").json()["code"] == "file_not_found"
        assert http.get(f"/v1/files/{picture}").status_code == 200
