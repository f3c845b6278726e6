"""A language model that answers a prompt piece by piece, and one that turns text into vectors."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Literal, Protocol

import msgspec

from domain.usage import Usage

StopReason = Literal["stop", "tool_use", "length", "content_filter", "incomplete"]
"""Why a model stopped: it was done, it wants its tools run, it reached a limit of tokens or context, its provider or a
guardrail held it back, or anything else that is no good end, a reason that nobody has heard of among them."""
PromptCacheTtl = Literal["off", "5m", "1h"]


class Message(msgspec.Struct, frozen=True):
    """One message of a conversation; `content` is Converse content blocks (`{"text": ...}`, `{"toolUse": ...}`)."""

    role: Literal["user", "assistant"]
    content: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """Its text blocks, joined."""
        return "".join(block.get("text", "") for block in self.content)


class ModelCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a model. `system` is the same for every call of an assistant, and the first `stable_messages` are
    the same for every call of a conversation: after each of the two stands a cache point, kept as long as `cache` says.
    `metadata` goes to Bedrock as `requestMetadata`. Deadlines are in seconds."""

    call_id: str
    model: str
    system: tuple[str, ...]
    messages: tuple[Message, ...]
    max_tokens: int
    metadata: dict[str, str]
    temperature: float = 0.0
    cache: PromptCacheTtl = "5m"
    stable_messages: int = 0
    tools: tuple[dict[str, Any], ...] = ()
    first_token_s: float = 8.0
    idle_s: float = 6.0


class TextDelta(msgspec.Struct, frozen=True):
    """More text; several of the provider's deltas may come merged."""

    text: str


class ToolUse(msgspec.Struct, frozen=True):
    """The model wants a tool called; `input` is the JSON text it wrote. It may only be run when the answer has ended
    with `tool_use`."""

    tool_use_id: str
    name: str
    input: str


class CitedSpan(msgspec.Struct, frozen=True):
    """A citation in Bedrock's own citation blocks: passage number (from 1) that supports the text so far."""

    n: int


class Finished(msgspec.Struct, frozen=True):
    """The stream came to its end: why the model stopped, and what it used."""

    stop_reason: StopReason
    usage: Usage


ModelEvent = TextDelta | ToolUse | CitedSpan | Finished


class ModelFailure(Exception):
    """A model call failed. `code` is Bedrock's error name (`ThrottlingException`, ...) or one of ours:
    `FirstTokenTimeout` (no text in time), `StreamStalled` (silence in mid-stream), `StreamCut` (ended without its end),
    `StreamMalformed`, `ConnectionFailed`. `opened` says whether the response had begun, `started` whether any content
    had arrived."""

    def __init__(
        self, code: str, message: str, *, status: int = 0, opened: bool = False, started: bool = False
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status
        self.opened, self.started = opened or started, started

    @property
    def refused(self) -> bool:
        """Whether the request itself was answered with an error: then, and only then, nothing is billed."""
        return self.status >= 400 and not self.opened


class LanguageModel(Protocol):
    """Claude, or something that behaves like it."""

    def converse(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        """Stream the answer. Ends with exactly one `Finished`, or raises `ModelFailure`. Closing the iterator
        (`aclose`) drops the connection. Never retries by itself."""
        ...


class Embedding(msgspec.Struct, frozen=True):
    """A unit vector of a text, and how many input tokens the provider counted."""

    vector: list[float]
    input_tokens: int


class Embedder(Protocol):
    """Text to vector."""

    model: str
    dimensions: int

    async def embed(self, text: str, *, deadline_s: float = 10.0) -> Embedding:
        """The vector of one text of at most 8,192 tokens; `ModelFailure` otherwise."""
        ...
