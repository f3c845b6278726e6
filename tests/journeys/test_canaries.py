"""What was erased stands in no file, and what was said in no log: a word in every text that a client can send."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import aioboto3
import httpx
import psycopg
import pytest
from botocore.exceptions import ClientError

from application.clock import new_id
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.local.endpoints import installation_environment
from tests.adapters.extract.files import word as word_file
from tests.journeys.conftest import Chat, chatting, reading, token_of
from tests.journeys.credentials import used_credentials
from tests.journeys.traces import new_word, traces

pytestmark = pytest.mark.real
WITHIN_S = 60


@pytest.fixture(scope="module")
def own() -> Iterator[Installed]:
    """An installation of its own, that may call this machine and says all that it ever says in its logs."""
    settings: dict[str, Any] = {"COLLOQUY_WEBHOOKS_TO_LOOPBACK": "1", "COLLOQUY_LOG_LEVEL": "debug"}
    with installed(1, DOCUMENTS, **settings) as found:
        yield found


@contextmanager
def parcels(canary: str) -> Iterator[tuple[str, list[str]]]:
    """A webhook that answers with the word, and the users for whom it was called."""
    called: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            called.append(self.headers["x-colloquy-user"])
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps({"parcel": f"{canary} is at the harbour"}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{canary}", called
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def good(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def define(admin: httpx.Client, control: str, canary: str, url: str) -> None:
    """A tool, and two assistants: the default, and one whose name is no secret."""
    tool = {
        "description": f"Looks up where a parcel is. {canary}",
        "input_schema": {
            "type": "object",
            "properties": {"reference": {"type": "string", "description": canary}},
            "required": ["reference"],
        },
        "webhook": {"url": url},
    }
    good(admin.put("/v1/tools/parcel_lookup", json=tool))
    assistant = {"instructions": f"Never say {canary} first.", "tools": ["parcel_lookup"]}
    for name in ("default", control):
        good(admin.put(f"/v1/assistants/{name}", json=assistant))


def bring(editor: httpx.Client, canary: str) -> list[str]:
    """Documents whose names and texts hold the word, once they can be found."""
    files = {
        f"{canary}.txt": f"The {canary} clause: harbour dues are forty crowns.".encode(),
        f"{canary}.docx": word_file(canary),
    }
    ids = [good(editor.post("/v1/documents", files={"file": file}))["document_id"] for file in files.items()]
    deadline = time.monotonic() + WITHIN_S
    while [good(editor.get(f"/v1/documents/{id}"))["status"] for id in ids] != ["indexed"] * len(ids):
        assert time.monotonic() < deadline
    return ids


async def talk(chat: Chat, canary: str, **opening: Any) -> None:
    """A session with the word wherever a frame has room for text."""
    for bad in ({"type": "session.open", "assistant": canary}, {"type": canary}):
        await chat.send(id=canary, **bad)
        await chat.until("error")
    await chat.open(id=f"{canary}-open", **opening)
    asked = f"What does the {canary} clause say of harbour dues?"
    for number, text in enumerate((asked, f"Look up the parcel with reference {canary}", f"And {QUESTION} {canary}")):
        done = await chat.ask(f"{canary}-{number}", text, cache="use", metadata={canary: [canary]})
        assert done["type"] == "turn.completed", done
        turn = done["turn_id"]
        await chat.send(type="feedback.create", id=f"{canary}-f", turn_id=turn, rating="down", comment=f"No {canary}!")
    await chat.send(type="turn.cancel", id=f"{canary}-x", turn_id=canary)
    await chat.send(type="ping", id=f"{canary}-p")
    await chat.until("pong")


def pester(ours: Installed, http: httpx.Client, canary: str) -> None:
    """What else of a client's may get into a log, or into a cache."""
    for k in (1, 5):
        good(http.post("/v1/search", json={"query": f"where is the {canary}", "k": k}))
    http.get(
        f"/v1/{canary}?{canary}={canary}", headers={"User-Agent": canary, "X-Request-Id": canary, "Referer": canary}
    )
    http.get(f"/v1/sessions/{canary}", params={"cursor": canary})
    http.post("/v1/search", content=f'{{"{canary}": ')
    http.post("/v1/documents", files={"file": (f"{canary}.exe", canary.encode())})
    for token in (canary, f"{canary}.{canary}.{canary}"):
        httpx.get(f"{ours.url}/v1/sessions", headers={"Authorization": f"Bearer {token}"})


def to_disk(ours: Installed) -> None:
    """What PostgreSQL still holds in memory alone."""
    url = installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CHECKPOINT")


def keyed_words(ours: Installed) -> int:
    """Rows by which sessions are found, in all generations of the session view."""
    url = installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as owner:
        tables = owner.execute("SELECT oid::regclass FROM pg_class WHERE relname ~ '^session_words_[0-9]+$'").fetchall()
        assert tables
        return sum(owner.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables)  # type: ignore[index]


def costs(ours: Installed) -> Any:
    """All that was ever spent, to the last digit."""
    ours.wait_for_costs()
    with reading(ours, "analyst") as office:
        lines = good(office.get("/v1/costs/lines", params={"limit": 1000}))["lines"]
        return [{key: value for key, value in line.items() if key != "user"} for line in lines]


def tenant_key(ours: Installed) -> bytes:
    """The tenant's wrapped key, as a backup of the database would have it now."""
    url = installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as owner:
        row = owner.execute("SELECT wrapped FROM tenant_keys WHERE tenant = %s", (ours.tenants[0],)).fetchone()
    assert row is not None
    return bytes(row[0])


async def refused_by_kms(ours: Installed, wrapped: bytes) -> bool:
    """Whether the key service says that what it hangs on is destroyed."""
    environment = installation_environment(str(ours.data_dir))
    session = aioboto3.Session("local", "local", region_name=environment.get("AWS_REGION", "us-east-1"))
    async with session.client("kms", endpoint_url=environment["AWS_ENDPOINT_URL_KMS"]) as kms:
        try:
            await kms.decrypt(CiphertextBlob=wrapped, EncryptionContext={"tenant": ours.tenants[0]})
        except ClientError as error:
            return str(error.response["Error"]["Code"]) == "KMSInvalidStateException"
    return False


async def test_after_erasure_no_file_holds_a_word_of_it(own: Installed) -> None:
    canary, control = new_word(), new_word()
    user = f"{canary} <{canary}@example.org>"
    with parcels(canary) as (url, called), reading(own, "member", "editor", "admin", user=user) as http:
        define(http, control, canary, url)
        documents = bring(http, canary)
        token = http.headers["Authorization"].removeprefix("Bearer ")
        sessions = []
        for assistant in ("default", control):
            async with chatting(own, token) as chat:
                await talk(chat, canary, assistant=assistant)
                sessions.append(chat.session_id)
        assert called and canary in called[0], "the webhook was told for whom it acts"
        pester(own, http, canary)
        await asyncio.to_thread(own.wait_for_costs)
        with reading(own, "analyst", "auditor", user=user) as office:
            assert {row["user"] for row in office.get("/v1/costs/lines").json()["lines"]} >= {user}
            assert office.get("/v1/audit/events", params={"actor": user}).json()["events"]
        assert {row["session_id"] for row in _listed(http, 2)} == set(sessions)
        for session in sessions:
            assert canary in good(http.patch(f"/v1/sessions/{session}", json={"title": f"My {canary}"}))["title"]
            assert canary in http.get(f"/v1/sessions/{session}/export").text
            sessions = [*sessions, good(http.post(f"/v1/sessions/{session}/fork", json={"version": 9}))["session_id"]]
        _listed(http, 4)
        assert keyed_words(own), "what was said can be searched for"
        assert {row["session_id"] for row in good(http.get("/v1/sessions", params={"query": canary}))["sessions"]}
        good(http.post("/v1/files", files={"file": (f"{canary}.txt", canary.encode())}))
        incident = {"title": f"The {canary} is wrong", "text": canary, "session_id": sessions[0]}
        good(http.post("/v1/incidents", json=incident))
        spent, backup = await asyncio.to_thread(costs, own), tenant_key(own)

        assert good(http.delete(f"/v1/sessions/{sessions[0]}"))["final"]
        for asked in (http.get, http.delete):
            absent, gone = (asked(f"/v1/sessions/{id}").json() for id in (new_id(), sessions[0]))
            assert gone | {"trace_id": ""} == absent | {"trace_id": ""}
        for document in documents:
            assert good(http.post("/v1/erasures", json={"document_id": document}))["final"]
        receipt = good(http.post("/v1/erasures", json={"user": user}))
        erased = time.monotonic()
        assert receipt["final"] and canary not in json.dumps(receipt)
        assert receipt["taken"] == {"api_keys": 0, "sign_ins": 0, "sessions": 3, "files": 1, "incidents": 1}
        while http.get("/v1/sessions").status_code != 401:
            assert time.monotonic() - erased < WITHIN_S, "what they held is taken back"
        assert await asyncio.to_thread(costs, own) == spent and spent, "what it cost is not erased"
        assert await refused_by_kms(own, backup), "a backup from before has a key that nobody opens any more"
        assert not await refused_by_kms(own, tenant_key(own))

    while keyed_words(own):
        assert time.monotonic() - erased < WITHIN_S
    to_disk(own)
    assert any("postgres" in place for place in traces(own.data_dir, control)), "it is looked for where things stand"
    while found := await asyncio.to_thread(traces, own.data_dir, canary):
        assert time.monotonic() - erased < WITHIN_S, found
        to_disk(own)


def _listed(http: httpx.Client, count: int) -> list[dict[str, Any]]:
    """The user's sessions, once the view has heard of so many."""
    deadline = time.monotonic() + WITHIN_S
    while len(sessions := good(http.get("/v1/sessions"))["sessions"]) < count:
        assert time.monotonic() < deadline
    return list(sessions)


async def test_no_credential_and_no_word_stands_in_a_log_or_a_metric(own: Installed) -> None:
    canary = new_word()
    with reading(own, "member", "editor", user=f"{canary} user") as http:
        secrets = used_credentials(own, http)
        bring(http, canary)
        async with chatting(own, token_of(own, f"{canary} user", "member")) as chat:
            await talk(chat, canary)
        pester(own, http, canary)
        metrics = http.get("/metrics").text
    assert "colloquy_" in metrics and canary not in metrics
    logs: dict[str, str] = {path.name: path.read_text(errors="replace") for path in (own.data_dir / "log").iterdir()}
    assert {"api.log", "postgres.log"} <= logs.keys() and '"request"' in logs["api.log"]
    assert traces(own.data_dir / "log", canary) == []
    assert all(len(secret) >= 16 for secret in secrets)
    assert [(name, secret[:6]) for name, text in logs.items() for secret in secrets if secret in text] == []
    assert [secret[:6] for secret in secrets if secret in metrics] == []
