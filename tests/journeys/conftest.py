"""A whole installation for the journeys, as `colloquy up` starts it, and a client of its socket."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import valkey

from api.client import Closed
from api.client.web_socket import Lost, WebSocket
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import Installed, installed
from infra.local.endpoints import installation_environment
from tests.infra.docker.confined import WISH, needs_image, out_of_image
from tests.valid_frames import checked

WITHIN_S = 60
GONE: tuple[type[Lost | Closed], ...] = (Lost, Closed)
ALARMS = ("tenant_mismatch", "foreign_stamp", "database_login_refused")


@pytest.fixture(scope="package")
def ours() -> Iterator[Installed]:
    """Everything in one process tree with two API servers, and two tenants that have documents. Leases are short, so
    that a takeover is."""
    quick: dict[str, Any] = {"COLLOQUY_LEASE_S": "3", "COLLOQUY_DRAIN_S": "10", "COLLOQUY_AUDIT_ANCHOR_S": "5"}
    if WISH in os.environ:  # the same journeys, with every process out of the image
        needs_image()
        with out_of_image(2, DOCUMENTS, replicas=2, **quick) as image:
            yield image.installed
        return
    with installed(2, DOCUMENTS, replicas=2, **quick) as found:
        yield found
        # Whatever the journeys did, no work was done for a tenant other than its caller's, or for nobody.
        logs = {log.name: log.read_text() for log in (found.data_dir / "log").glob("*.log")}
        assert "api.log" in logs
        assert [name for name, text in logs.items() if any(alarm in text for alarm in ALARMS)] == []
        # ... and no job lacked a right that it needs, at NATS or in Valkey.
        assert "Permissions Violation" not in logs["nats.log"]
        operator = valkey.from_url(installation_environment(found.data_dir)["COLLOQUY_VALKEY_URL"])
        assert [(said["context"], said["object"]) for said in operator.acl_log()] == []
        operator.close()


class Chat:
    """A client that sends what it likes over the library's socket, and keeps the frames that it gets as they came."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.session_id = ""

    async def send(self, **frame: Any) -> None:
        if frame.get("type") == "turn.create":
            frame.setdefault("cache", "bypass")  # the journeys ask the same question again and again
        await self.socket.send_text(json.dumps(frame))

    async def receive(self) -> dict[str, Any]:
        frame = checked(json.loads(await self.socket.receive_text()))
        self.frames.append(frame)
        return frame

    async def until(self, *types: str) -> dict[str, Any]:
        while True:
            frame = await self.receive()
            if frame["type"] in types:
                return frame

    async def open(self, **fields: Any) -> dict[str, Any]:
        await self.send(type="session.open", **fields)
        opened = await self.until("session.opened", "error")
        self.session_id = opened["session_id"]
        return opened

    async def ask(self, id: str, text: str, **fields: Any) -> dict[str, Any]:
        await self.send(type="turn.create", id=id, text=text, **fields)
        return await self.until("turn.completed", "turn.failed", "error")

    @property
    def text(self) -> str:
        """The deltas after the last reset, joined."""
        text = ""
        for frame in self.frames:
            if frame["type"] == "turn.reset":
                text = ""
            elif frame["type"] == "turn.delta":
                text += frame["delta"]
        return text


@asynccontextmanager
async def chatting(ours: Installed, token: str = "") -> AsyncIterator[Chat]:
    """A socket of a member."""
    socket = await WebSocket.connect(ours.url, f"Bearer {token or ours.tokens(1)[0]}", within_s=WITHIN_S)
    try:
        yield Chat(socket)
    finally:
        await socket.close()


def token_of(ours: Installed, user: str, *roles: str) -> str:
    """Of a user of the first tenant."""
    from api.composition.token_wiring import token_issuer
    from api.settings import read_settings

    issuer = token_issuer(read_settings(data_dir=str(ours.data_dir)))
    return issuer.issue(tenant=ours.tenants[0], user=user, roles=roles, ttl_s=900).token


def reading(ours: Installed, *roles: str, user: str = "user-0") -> httpx.Client:
    """HTTP as a user of the first tenant."""
    headers = {"Authorization": f"Bearer {token_of(ours, user, *roles)}"}
    return httpx.Client(base_url=ours.url, headers=headers, timeout=30)


def hold_answers(ours: Installed) -> None:
    """Answers from now on are so slow that they are still under way whatever a test does next, on a busy machine too;
    `set_pace` lets them go."""
    set_pace(ours, token_ms=250)


def set_pace(ours: Installed, first_token_ms: float = 50, token_ms: float = 5) -> None:
    """How fast the Bedrock stand-in answers, also what it is saying now."""
    body = {"first_token_ms": first_token_ms, "token_ms": token_ms}
    httpx.post(f"{ours.bedrock_url}/control/pace", json=body, timeout=10).raise_for_status()
