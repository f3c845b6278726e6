"""A language model that answers a prompt piece by piece, and one that turns text into vectors."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from enum import Enum
from typing import Any, Literal, Protocol

import msgspec

from domain.file.kinds import PictureType
from domain.usage import Usage

StopReason = Literal["stop", "tool_use", "length", "content_filter", "incomplete"]
"""Why a model stopped: it was done, it wants its tools run, it reached a limit of tokens or context, its provider or a
guardrail held it back, or anything else that is no good end, a reason that nobody has heard of among them."""
PromptCacheTtl = Literal["off", "5m", "1h"]


class Text(msgspec.Struct, frozen=True, tag=True):
    """Words of a message. Pieces that come again in other prompts are blocks of their own, word for word."""

    text: str


class Fence(msgspec.Struct, frozen=True, tag=True):
    """Where what others wrote begins or ends. Prompts alone hold fences: the gateway puts a tag in the place of each
    when a call leaves, so that no `LanguageModel` ever meets one."""

    edge: Literal["begin", "end"]


class ToolUse(msgspec.Struct, frozen=True, tag=True):
    """The model wants a tool called; `input` is the JSON text it wrote. As an event of an answer it may be run only
    when the answer has ended with `tool_use`; as a block it tells the model what it asked for: then `input` is an
    object."""

    tool_use_id: str
    name: str
    input: str


class ToolResult(msgspec.Struct, frozen=True, tag=True):
    """What came of a `ToolUse` of the message before: words, or a JSON object. `failed` when the tool did not do it."""

    tool_use_id: str
    content: str | dict[str, Any]
    failed: bool = False


class Picture(msgspec.Struct, frozen=True, tag=True):
    """A picture that a user attached, of one of the kinds that models look at. What it shows cannot be redacted."""

    media_type: PictureType
    data: bytes


PICTURE_TOKENS = 1_600
"""About what a picture takes, and at most (https://docs.anthropic.com/en/docs/build-with-claude/vision: larger ones are
scaled down to it)."""

Block = Text | Fence | ToolUse | ToolResult | Picture


class Message(msgspec.Struct, frozen=True):
    """One message of a conversation, as blocks in their order."""

    role: Literal["user", "assistant"]
    content: tuple[Block, ...]

    @property
    def text(self) -> str:
        """Its text blocks, joined."""
        return "".join(block.text for block in self.content if isinstance(block, Text))


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool that a model may ask for: what it is for, and its input as JSON Schema, an object's."""

    name: str
    description: str
    input_schema: dict[str, Any]


class ModelCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a model. `system` is the same for every call of an assistant, and the first `stable_messages` are
    the same for every call of a conversation: after each of the two stands a cache point, kept as long as `cache` says.
    `metadata` goes along, and stands in the provider's own log of calls. Deadlines are in seconds."""

    call_id: str
    model: str
    system: tuple[str, ...]
    messages: tuple[Message, ...]
    max_tokens: int
    metadata: dict[str, str]
    temperature: float = 0.0
    cache: PromptCacheTtl = "5m"
    stable_messages: int = 0
    tools: tuple[ToolSpec, ...] = ()
    first_token_s: float = 8.0
    idle_s: float = 6.0


class TextDelta(msgspec.Struct, frozen=True):
    """More text; several of the provider's deltas may come merged."""

    text: str


class CitedSpan(msgspec.Struct, frozen=True):
    """A citation that the provider marks by itself: passage number (from 1) that supports the text so far."""

    n: int


class Finished(msgspec.Struct, frozen=True):
    """The stream came to its end: why the model stopped, and what it used; `estimated` where nobody counted it."""

    stop_reason: StopReason
    usage: Usage
    estimated: bool = False


ModelEvent = TextDelta | ToolUse | CitedSpan | Finished


class FailureKind(Enum):
    """What a failure of a model call means to who asked, whoever the provider is. The value is the reason that is
    stored and shown where the provider gave no name of its own."""

    THROTTLED = "Throttled"
    """Too many requests or tokens for now."""
    OVER_QUOTA = "OverQuota"
    """More than this account may have: waiting does not help."""
    UNAVAILABLE = "Unavailable"
    """The provider is away, or the model is not ready."""
    INTERNAL = "InternalError"
    """The provider, or the model behind it, broke before it answered."""
    INVALID_REQUEST = "InvalidRequest"
    """The provider finds the request itself wrong."""
    ACCESS_DENIED = "AccessDenied"
    """Our credentials or rights: a person must look."""
    TIMED_OUT = "FirstTokenTimeout"
    """Nothing was said in time."""
    STALLED = "StreamStalled"
    """Silence in mid-stream."""
    CUT = "StreamCut"
    """The stream ended without its end, or told that it was lost."""
    MALFORMED = "StreamMalformed"
    """The stream cannot be read, or goes on beyond every limit."""
    UNREACHABLE = "ConnectionFailed"
    """Nobody there."""
    BREAKER_OPEN = "BreakerOpen"
    """Our own breaker let no call go."""
    UNKNOWN = "Unknown"
    """An error that nobody has heard of."""


class ModelFailure(Exception):
    """A model call failed. `code` is its reason as it is stored and shown: the provider's own name for it, which nobody
    decides by, or the kind's. `refused` says that the request itself was answered with an error: then, and only then,
    nothing is billed. `started` says whether any content had arrived."""

    def __init__(
        self, kind: FailureKind, message: str, *, code: str = "", refused: bool = False, started: bool = False
    ) -> None:
        self.kind, self.code, self.message = kind, code or kind.value, message
        self.refused, self.started = refused, started
        super().__init__(f"{self.code}: {message}")


class LanguageModel(Protocol):
    """Claude, or something that behaves like it. Whoever its provider is, tests/contracts says what it does."""

    def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
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
