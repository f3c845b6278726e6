"""Models that say what a test wrote for them: answers with failures at a chosen point, and vectors from words."""

from __future__ import annotations

import asyncio
import math
import zlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from application.ports.models.model import (
    CitedSpan,
    Embedding,
    FailureKind,
    Finished,
    ModelCall,
    ModelEvent,
    ModelFailure,
    StopReason,
    TextDelta,
    ToolUse,
)
from domain.usage import Usage, estimate_tokens


@dataclass(frozen=True)
class Reply:
    """One answer: its parts in order, then its failure or its end. With `gate` it waits there for the test before the
    end. Without `usage` tokens are counted as `estimate_tokens` does."""

    parts: Sequence[str | ToolUse | CitedSpan] = ("Hello", " there.")
    failure: ModelFailure | None = None
    stop_reason: StopReason | None = None
    usage: Usage | None = None
    gate: asyncio.Event | None = None

    def used(self, call: ModelCall) -> Usage:
        """What the answer cost."""
        if self.usage is not None:
            return self.usage
        asked = [*call.system, *(message.text for message in call.messages)]
        said = "".join(part for part in self.parts if isinstance(part, str))
        return Usage(sum(map(estimate_tokens, asked)), estimate_tokens(said))


@dataclass
class ScriptedModel:
    """A `LanguageModel` that gives its replies one after the other, the last one for ever. Remembers its calls, and
    how many answers were left before their end."""

    replies: Sequence[Reply] = (Reply(),)
    calls: list[ModelCall] = field(default_factory=list)
    abandoned: int = 0

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        reply = self.replies[min(len(self.calls), len(self.replies) - 1)]
        self.calls.append(call)
        ended = False
        try:
            for part in reply.parts:
                yield TextDelta(part) if isinstance(part, str) else part
            if reply.gate is not None:
                await reply.gate.wait()
            ended = True
            if reply.failure is not None:
                raise reply.failure
            yield Finished(reply.stop_reason or ("tool_use" if _calls_tool(reply) else "stop"), reply.used(call))
        finally:
            self.abandoned += not ended


@dataclass
class WordEmbedder:
    """An `Embedder` whose vectors count words, hashed: texts with the same words are near each other."""

    model: str = "amazon.titan-embed-text-v2:0"
    dimensions: int = 256
    failure: ModelFailure | None = None
    silent: bool = False
    texts: list[str] = field(default_factory=list)

    async def embed(self, text: str, *, deadline_s: float = 10.0) -> Embedding:
        if not text:
            raise ModelFailure(FailureKind.INVALID_REQUEST, "an empty text has no vector", refused=True)
        if self.failure is not None:
            raise self.failure
        if self.silent:
            await asyncio.Event().wait()
        self.texts.append(text)
        vector = [0.0] * self.dimensions
        for word in text.lower().split():
            vector[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        length = math.sqrt(sum(x * x for x in vector)) or 1.0
        return Embedding([x / length for x in vector], estimate_tokens(text))


def _calls_tool(reply: Reply) -> bool:
    return any(isinstance(part, ToolUse) for part in reply.parts)
