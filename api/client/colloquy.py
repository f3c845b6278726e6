"""An installation as its clients see it: chats, search, documents, costs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from .backoff import Backoff
from .chat import Chat
from .failures import Problem
from .resources import Costs, Document, Found, Passage, ProblemDocument
from .web_socket import Connect, WebSocket

T = TypeVar("T")
Token = str | Callable[[], str]
"""An access token, or what gives one that is good now: tokens live for minutes, chats for hours."""


class Colloquy:
    """A client of the installation at `url`, for whoever the token names.

    ```python
    async with Colloquy("http://127.0.0.1:8080", token=lambda: read_token()) as colloquy:
        for passage in await colloquy.search("returns", k=3):
            print(passage.title, passage.text)
        print((await colloquy.costs()).total_usd)
    ```
    """

    def __init__(
        self, url: str, token: Token, *, timeout_s: float = 60.0, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url, self._token = url.rstrip("/"), token
        self._http = httpx.AsyncClient(base_url=self._url, timeout=timeout_s, transport=transport)

    async def __aenter__(self) -> Colloquy:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def chat(
        self,
        *,
        assistant: str = "default",
        session_id: str | None = None,
        after_seq: int | None = None,
        backoff: Backoff | None = None,
        connect: Connect | None = None,
    ) -> Chat:
        """A session to be opened by `async with`: a new one, or `session_id` with what followed `after_seq`."""
        return Chat(
            connect or self._connect,
            assistant=assistant,
            session_id=session_id,
            after_seq=after_seq,
            renewable=callable(self._token),
            backoff=backoff,
        )

    async def search(self, query: str, k: int = 10, collections: Sequence[str] = ()) -> list[Passage]:
        """The `k` passages that fit best, best first, of the tenant's documents that the caller may read (in these
        collections, if any are named)."""
        asked = {"query": query, "k": k} | ({"collections": list(collections)} if collections else {})
        return (await self._call(Found, "POST", "/v1/search", json=asked)).passages

    async def add_document(
        self, file: Path | tuple[str, bytes], *, collection: str = "", replace: bool = True
    ) -> Document:
        """Bring a file, by its path or its name and content, into the tenant's documents; it is `pending` then. Once it
        can be found it takes the place of the one that had its name, unless that is not to be."""
        name, content = (file.name, await asyncio.to_thread(file.read_bytes)) if isinstance(file, Path) else file
        query = ({"collection": collection} if collection else {}) | ({} if replace else {"replace": "false"})
        return await self._call(Document, "POST", "/v1/documents", params=query, files={"file": (name, content)})

    async def reindex_document(self, document_id: str) -> Document:
        """Have a document read again; what is found of it stays until then."""
        return await self._call(Document, "POST", f"/v1/documents/{document_id}/reindex")

    async def document(self, document_id: str) -> Document:
        """How far a document is."""
        return await self._call(Document, "GET", f"/v1/documents/{document_id}")

    async def document_read(
        self,
        document_id: str,
        *,
        within_s: float = 120.0,
        poll_s: float = 0.5,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> Document:
        """The document once it is `indexed` or `failed`; TimeoutError when it is still pending after `within_s`."""
        async with asyncio.timeout(within_s):
            while (document := await self.document(document_id)).status == "pending":
                await sleep(poll_s)
        return document

    async def costs(self, since: datetime | None = None, until: datetime | None = None) -> Costs:
        """What a range of time cost, the current month unless another is named; for analysts."""
        wanted = {"from": since, "to": until}
        query = {name: at.isoformat() for name, at in wanted.items() if at is not None}
        return await self._call(Costs, "GET", "/v1/costs/summary", params=query)

    async def _call(self, kind: type[T], method: str, path: str, **more: Any) -> T:
        answer = await self._http.request(method, path, headers={"Authorization": self._bearer()}, **more)
        if not answer.is_success:
            raise problem_of(answer)
        return msgspec.json.decode(answer.content, type=kind)

    async def _connect(self) -> WebSocket:
        return await WebSocket.connect(self._url, self._bearer(), renewable=callable(self._token))

    def _bearer(self) -> str:
        token = self._token if isinstance(self._token, str) else self._token()
        return f"Bearer {token}"


def problem_of(answer: httpx.Response) -> Problem:
    """What an answer that is an error says."""
    try:
        said = msgspec.json.decode(answer.content, type=ProblemDocument)
    except msgspec.MsgspecError:
        said = ProblemDocument(detail=f"status {answer.status_code}")
    after = answer.headers.get("retry-after", "")
    after_s = float(after) if after.isdigit() else None
    return Problem(answer.status_code, said.code, said.detail or said.title, said.trace_id, after_s)
