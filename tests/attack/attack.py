"""What an attack is: its kind, its name, what must happen, and how it is made against a running installation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from domain.access import PLATFORM_TENANT
from infra.bench.harness.installation import Installed

WITHIN_S = 60.0
REASONS = frozenset(
    {
        "empty_file", "too_large", "type_mismatch", "archive_unsafe", "external_reference", "too_many_pages",
        "password_protected", "unreadable",
    }
)  # fmt: skip
"""Why a document is refused or fails."""
ENDS = ("turn.completed", "turn.failed", "error")
CANARY = "canary-7f3e-umbrella"
"""What only the neighbour's documents hold."""


@dataclass
class Ground:
    """A running installation and its tenants: the neighbour has the canary in a document, the reader's documents stay
    as they are, and the bystander is left alone."""

    ours: Installed
    attacker: str
    neighbour: str
    flooded: str
    reader: str
    bystander: str
    _issuer: Any = field(init=False)

    @classmethod
    def of(cls, ours: Installed) -> Ground:
        """Each of its tenants in its place."""
        return cls(ours, *ours.tenants)

    def __post_init__(self) -> None:
        from api.composition.token_wiring import token_issuer
        from api.settings import read_settings

        self._issuer = token_issuer(read_settings(data_dir=str(self.ours.data_dir)))

    def token(self, *roles: str, tenant: str = "", user: str = "mallory") -> str:
        """A good token; a member's by default."""
        who = tenant or self.attacker
        return str(self._issuer.issue(tenant=who, user=user, roles=roles or ("member",), ttl_s=900).token)

    async def found(self, name: str) -> str:
        """A new tenant, for whoever must know all that happens in it."""
        async with self.http("operator", tenant=PLATFORM_TENANT) as http:
            answer = await http.post("/v1/tenants", json={"name": name})
            assert answer.status_code == 201, answer.text[:500]
            return str(answer.json()["tenant_id"])

    @asynccontextmanager
    async def http(self, *roles: str, tenant: str = "", user: str = "mallory") -> AsyncIterator[httpx.AsyncClient]:
        """HTTP with such a token."""
        headers = {"Authorization": f"Bearer {self.token(*roles, tenant=tenant, user=user)}"}
        async with httpx.AsyncClient(base_url=self.ours.url, headers=headers, timeout=WITHIN_S) as client:
            yield client

    @asynccontextmanager
    async def chat(self, *, tenant: str = "", user: str = "mallory", open: bool = True) -> AsyncIterator[Chat]:
        """A member's socket, with a session open unless told otherwise."""
        url = self.ours.url.replace("http", "ws", 1) + "/v1/chat"
        headers = {"Authorization": f"Bearer {self.token(tenant=tenant, user=user)}"}
        async with connect(url, additional_headers=headers, compression=None, max_size=None, open_timeout=30) as socket:
            chat = Chat(socket)
            if open:
                await chat.send({"type": "session.open"})
                chat.session = (await chat.until("session.opened"))["session_id"]
            yield chat

    async def still_works(self) -> None:
        """The neighbour is answered as ever."""
        async with self.chat(tenant=self.neighbour, user="nina") as chat:
            frame = await chat.ask("How many days may coffee be returned?")
            assert frame["type"] == "turn.completed" and frame["text"], frame


class Chat:
    """A client that sends whatever it is told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.session, self.asked = socket, "", 0
        self.frames: list[dict[str, Any]] = []

    async def send(self, frame: dict[str, Any] | str | bytes) -> None:
        """A frame as JSON, or as it stands."""
        await self.socket.send(json.dumps(frame, ensure_ascii=False) if isinstance(frame, dict) else frame)

    async def until(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types; a closed socket is a frame of type `closed`."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    frame: dict[str, Any] = json.loads(await self.socket.recv())
                    self.frames.append(frame)
                    if frame["type"] in types:
                        return frame
        except ConnectionClosed as closed:
            return {"type": "closed", "code": closed.rcvd.code if closed.rcvd else 1006}

    async def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        """One turn, to its end."""
        self.asked += 1
        await self.send({"type": "turn.create", "id": f"{self.session}-{self.asked}", "text": text, **fields})
        return await self.until(*ENDS)


@dataclass(frozen=True)
class Result:
    """What came of an attack: nothing `wrong`, or what did not happen as it must; its beginning and end in seconds."""

    id: str
    wrong: str
    began: float
    ended: float

    def line(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Attack:
    """`run` fails when what must happen does not."""

    kind: str
    name: str
    must: str
    run: Callable[[Ground], Awaitable[None]]

    @property
    def id(self) -> str:
        """Its name among all tests."""
        return f"{self.kind}-{self.name}"[:100]


def codes() -> frozenset[str]:
    """The codes that the contract knows."""
    from api.problems import TABLE

    return frozenset(TABLE) | REASONS


def refused(answer: httpx.Response, *statuses: int) -> None:
    """A typed problem with one of these statuses (any 4xx when none is given), never a 5xx."""
    assert answer.status_code in statuses if statuses else 400 <= answer.status_code < 500, answer.text[:500]
    assert answer.json()["code"] in codes(), answer.text[:500]
