"""`colloquy bench smoke`: one of each thing on a running installation, on AWS too, and all of it taken away."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import click
import httpx

from api.cli.connection import LocalToken, connect
from api.cli.main import with_data_dir
from api.client import Colloquy
from api.client.frames import AnyTurnFrame, Completed, Error, Failed, FailedOver, ToolCall
from api.settings import read_settings

TEXT = "# Returns\nAn order can be returned within 45 days. Refunds reach the card within six working days.\n"
QUESTION = "Within how many days can an order be returned?"
ORDERS = b"region;amount\nnorth;120\nsouth;80\nnorth;30\n"
TOOL = {
    "description": "The sum of the orders of one region.",
    "input_schema": {"type": "object", "properties": {"region": {"type": "string"}}, "required": ["region"]},
    "effects": False,
    "query": {"dataset": "orders", "sql": 'SELECT sum(amount) AS total FROM "orders" WHERE region = :region'},
}
ASSISTANT = {"instructions": "Answer from the documents and the tools.", "plan": "lean", "documents": True}
INDEXED_S, TURN_S, COMMAND_S = 180, 180, 1_800


class SmokeFailed(Exception):
    """One of the things did not go as it must."""


class Smoke:
    """A tenant of its own on the installation, as its admin, editor, member and analyst."""

    def __init__(self, tenant: str, failing: str, logs: str) -> None:
        self._settings, self._tenant, self._failing, self._logs = read_settings(), tenant, failing, logs
        roles = ["member", "editor", "admin", "analyst"]
        self._http = connect(tenant, roles)
        self._token = LocalToken(self._settings, tenant, "smoke", roles)
        self._began = datetime.now(UTC)  # noqa: TID251  # a moment to reconcile from
        self._sessions: list[str] = []
        self._document = ""

    async def run(self) -> list[tuple[str, str]]:
        """What each thing came to; `SmokeFailed` says which did not."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("a document is found and an answer cites it", self.answer),
            ("a tool runs", self.tool),
            ("another model goes on", self.failover),
            ("a file comes back as it was", self.file),
            ("the ledger is the provider's", self.reconcile),
        ]
        told = []
        try:
            for name, step in steps:
                try:
                    told.append((name, await step()))
                except Exception as error:
                    raise SmokeFailed(f"{name}: {type(error).__name__}: {error}") from error
        finally:
            self.clean_up()
        return told

    async def answer(self) -> str:
        """One document, one turn."""
        sent = self._ok(self._http.post("/v1/documents", files={"file": ("returns.md", TEXT.encode())}))
        self._document = sent["document_id"]
        async with asyncio.timeout(INDEXED_S):
            while (found := self._ok(self._http.get(f"/v1/documents/{self._document}")))["status"] != "indexed":
                if found["status"] == "failed":
                    raise SmokeFailed(f"the document failed: {found['reason']}")
                await asyncio.sleep(0.5)
        done, _ = await self._turn(QUESTION, "default")
        if "45" not in done.text or not done.citations:
            raise SmokeFailed(f"no answer from the document: {done.text[:200]!r}")
        return f"{done.model}, {done.ms} ms, {done.cost_usd} USD"

    async def tool(self) -> str:
        """One dataset, one query of it."""
        self._ok(self._http.put("/v1/datasets/orders", files={"file": ("orders.csv", ORDERS)}))
        self._ok(self._http.put("/v1/tools/orders_of", json=TOOL))
        self._ok(self._http.put("/v1/assistants/smoke", json=ASSISTANT | {"tools": ["orders_of"]}))
        done, frames = await self._turn("Use the tool orders_of: what is the total of the north region?", "smoke")
        ran = [frame for frame in frames if isinstance(frame, ToolCall) and frame.status == "completed"]
        if not ran:
            raise SmokeFailed(f"no tool ran: {done.text[:200]!r}")
        return f"{ran[0].name}, and the answer says {'150' if '150' in done.text else done.text[:60]!r}"

    async def failover(self) -> str:
        """An assistant whose first model cannot answer here."""
        if not self._failing:
            return "not tried: --failing names no model that this account may not call"
        chosen = ASSISTANT | {"models": {"balanced": self._failing}}
        self._ok(self._http.put("/v1/assistants/failing", json=chosen))
        done, frames = await self._turn(QUESTION, "failing")
        over = [frame for frame in frames if isinstance(frame, FailedOver)]
        if not over and done.model == self._failing:
            raise SmokeFailed(f"{self._failing} answered; name one that this account may not call")
        return f"{over[0].reason if over else 'before it was asked'}, {done.model} answered"

    async def file(self) -> str:
        """One file, there and back."""
        body = b"smoke " * 10_000
        sent = self._ok(self._http.post("/v1/files", files={"file": ("smoke.txt", body)}))
        link = self._ok(self._http.get(f"/v1/files/{sent['file_id']}"))["url"]
        back = self._http.get(httpx.URL(str(self._http.base_url)).join(link)).raise_for_status().content
        self._http.delete(f"/v1/files/{sent['file_id']}").raise_for_status()
        if back != body:
            raise SmokeFailed("the file came back otherwise")
        return f"{len(body)} bytes"

    async def reconcile(self) -> str:
        """By the command, so that it is what operators run."""
        options = ["--from", self._began.isoformat(), "--tenant", self._tenant, "--dry-run", "--json"]
        options += ["--logs", self._logs] if self._logs else ["--grace", "0"]
        command = [sys.executable, "-m", "api.cli", "reconcile", *options]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=COMMAND_S, check=False
        )
        if done.returncode:
            raise SmokeFailed(done.stderr[-500:])
        found = json.loads(done.stdout)
        return ", ".join(f"{name} {found[name]}" for name in found if isinstance(found[name], int | str))

    def clean_up(self) -> None:
        """What can be taken away is; a failure of one does not keep the others."""
        paths = [f"/v1/sessions/{session}" for session in self._sessions]
        paths += ["/v1/assistants/failing", "/v1/assistants/smoke", "/v1/tools/orders_of", "/v1/datasets/orders"]
        paths += [f"/v1/documents/{self._document}"] if self._document else []
        for path in paths:
            answer = self._http.delete(path)
            if answer.is_error and answer.status_code != 404:
                click.echo(f"left behind: {path} ({answer.status_code})", err=True)

    async def _turn(self, question: str, assistant: str) -> tuple[Completed, list[AnyTurnFrame | Error]]:
        frames: list[AnyTurnFrame | Error] = []
        url = str(self._http.base_url)
        async with Colloquy(url, lambda: self._token.token) as colloquy, colloquy.chat(assistant=assistant) as chat:
            self._sessions.append(chat.session_id)
            async with asyncio.timeout(TURN_S), aclosing(chat.ask(question, cache="bypass")) as told:
                async for frame in told:
                    frames.append(frame)
        end = frames[-1]
        if isinstance(end, Failed) or not isinstance(end, Completed):
            raise SmokeFailed(f"the turn failed: {getattr(end, 'error', end)}")
        return end, frames

    @staticmethod
    def _ok(answer: httpx.Response) -> Any:
        if answer.is_error:
            raise SmokeFailed(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if answer.content else {}


@click.command()
@with_data_dir
@click.option("--failing", default="", help="A model that this account may not call, for the failover.")
@click.option("--logs", default="", help="s3://BUCKET/PREFIX of Bedrock's invocation logs (minutes late on AWS).")
def smoke(failing: str, logs: str) -> None:
    """One turn, one tool, one failover, one file and a reconciliation, in a tenant of its own, on the installation of
    the data directory; then all of it is taken away, but for the tenant itself and its facts.

    On AWS: `colloquy up` with AWS_ENDPOINT_URL_BEDROCK_RUNTIME, _S3, _DYNAMODB and _KMS of the region, and credentials.

    Example: colloquy bench smoke --failing us.anthropic.claude-3-opus-20240229-v1:0 --logs s3://logs/AWSLogs/...
    """
    with connect("_platform", ["operator"]) as http:
        tenant = http.post("/v1/tenants", json={"name": "smoke"}).raise_for_status().json()["tenant_id"]
    try:
        for name, came_to in asyncio.run(Smoke(tenant, failing, logs).run()):
            click.echo(f"{name}: {came_to}")
    except SmokeFailed as error:
        raise click.ClickException(str(error)) from None
