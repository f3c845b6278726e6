"""The model behind the stand-in where settings name one: any server that speaks OpenAI's `/chat/completions`.

Ollama, llama.cpp's server and vLLM do, and so does OpenAI (https://platform.openai.com/docs/api-reference/chat).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec

from infra.local.bedrock.chat_answer import BrokenOff, Chunk
from infra.local.bedrock.faults import CallRefused

PREFIX = "COLLOQUY_STANDIN_UPSTREAM_"
NAMES = ("URL", "MODEL", "API_KEY", "EMBEDDING_MODEL")
CONNECT_S = 5.0
SILENCE_S = 120.0  # a server that loads its model says nothing for a while; the product's own deadlines are shorter
CALLS = 32
LONGEST_LINE = 1024 * 1024  # bytes of one event
LONGEST_WORDS = 300  # characters of an error that are passed on
BY_STATUS = {401: "access_denied", 403: "access_denied", 404: "access_denied", 408: "timeout", 429: "throttle"}
BY_STATUS |= {503: "unavailable", 504: "timeout"}

_chunk = msgspec.json.Decoder(Chunk).decode


class UpstreamVector(msgspec.Struct):
    embedding: list[float]


class UpstreamVectors(msgspec.Struct):
    data: list[UpstreamVector]


class Upstream:
    """One server, the models to ask it for, and its key; whatever it does wrong is `CallRefused` before an answer
    begins, and `BrokenOff` in one."""

    def __init__(
        self, url: str, model: str, api_key: str = "", embedding_model: str = "", *, silence_s: float = SILENCE_S
    ) -> None:
        import httpx  # here, for it takes a while, and a stand-in that answers by itself does without

        self.url, self.model, self.embedding_model = url, model, embedding_model
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(silence_s, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=CALLS),
        )

    @classmethod
    def named(cls, environment: Mapping[str, str]) -> Upstream | None:
        """The one that `COLLOQUY_STANDIN_UPSTREAM_*` name; ValueError for one without a model."""
        url, model, key, embedding = (environment.get(PREFIX + name, "") for name in NAMES)
        if not url:
            return None
        if not model:
            raise ValueError(f"{PREFIX}MODEL must name the model that {PREFIX}URL is to be asked for")
        return cls(url, model, key, embedding)

    @asynccontextmanager
    async def chat(self, request: dict[str, Any]) -> AsyncIterator[AsyncGenerator[Chunk, None]]:
        """The pieces of one answer as they come."""
        with self._failures():
            async with self._http.stream("POST", "/chat/completions", json=request) as answer:
                if answer.status_code >= 400:
                    raise refusal(answer.status_code, (await answer.aread()).decode("utf-8", "replace"))
                streamed = "event-stream" in answer.headers.get("content-type", "")
                yield _events(answer.aiter_bytes()) if streamed else _whole(answer.aiter_bytes())

    async def embed(self, text: str) -> Sequence[float]:
        """The vector of one text, as long as the model makes it."""
        with self._failures():
            body = {"model": self.embedding_model, "input": text}
            answer = await self._http.post("/embeddings", json=body)
        if answer.status_code >= 400:
            raise refusal(answer.status_code, answer.text)
        try:
            return msgspec.json.decode(answer.content, type=UpstreamVectors).data[0].embedding
        except (msgspec.MsgspecError, IndexError) as error:
            raise CallRefused("model_error", f"{self.url}/embeddings gave no vector: {error}") from None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What the library raises, in Bedrock's words."""
        import httpx

        try:
            yield
        except httpx.PoolTimeout:
            raise CallRefused("throttle") from None
        except httpx.TimeoutException as error:
            raise CallRefused("timeout", f"{self.url} said nothing in time ({type(error).__name__})") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CallRefused("unavailable", f"{self.url} does not answer ({type(error).__name__})") from None


def refusal(status: int, body: str) -> CallRefused:
    """An error's status in Bedrock's words, with the server's own."""
    return CallRefused(BY_STATUS.get(status, "validation" if status < 500 else "internal"), f"{status}: {_words(body)}")


def _words(body: str) -> str:
    """What an error says: `{"error": {"message"}}` mostly, `{"error"}` or `{"message"}` elsewhere."""
    try:
        said = msgspec.json.decode(body)
        said = said.get("error", said)
        said = said.get("message", said) if isinstance(said, dict) else said
    except (msgspec.DecodeError, AttributeError):
        said = body
    return str(said)[:LONGEST_WORDS]


async def _events(parts: AsyncIterator[bytes]) -> AsyncGenerator[Chunk, None]:
    """Server-sent events: one JSON value a line of `data:`, `[DONE]` at the end."""
    held = b""
    async for part in parts:
        held += part
        *lines, held = held.split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data == b"[DONE]":
                    yield Chunk(done=True)
                    return
                yield _read(data)
        if len(held) > LONGEST_LINE:
            raise BrokenOff("an event without an end")


async def _whole(parts: AsyncIterator[bytes]) -> AsyncGenerator[Chunk, None]:
    """An answer in one piece, of a server that does not stream."""
    held = b""
    async for part in parts:
        held += part
        if len(held) > LONGEST_LINE:
            raise BrokenOff("an answer without an end")
    yield _read(held)
    yield Chunk(done=True)


def _read(data: bytes) -> Chunk:
    try:
        chunk = _chunk(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BrokenOff(f"an event that is none: {error}") from None
    if chunk.error is not None or chunk.object == "error":
        raise BrokenOff(_words(data.decode("utf-8", "replace")))
    return chunk
