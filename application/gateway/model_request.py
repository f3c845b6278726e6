"""What a step asks of the gateway, and what it hears while the answer comes."""

from __future__ import annotations

import msgspec

from application.gateway.router import Complexity, Tier
from application.ports.models.model import (
    PICTURE_TOKENS,
    CitedSpan,
    Finished,
    Message,
    Picture,
    StopReason,
    Text,
    TextDelta,
    ToolSpec,
    ToolUse,
)
from domain.tenant.assistant import ModelPolicy
from domain.usage import Usage, estimate_tokens


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a step wants from a model. The first `stable_messages` are those of earlier turns. `shown` is how many
    characters of the turn's text stand before this answer, `said` is what an earlier process said of it. `links` is for
    answers that people read: the hosts that they may link to; None for replies that only we read."""

    step: str
    tier: Tier
    system: tuple[str, ...]
    messages: tuple[Message, ...]
    max_tokens: int
    first_token_s: float
    idle_s: float
    complexity: Complexity = ""
    policy: ModelPolicy = ModelPolicy()
    tools: tuple[ToolSpec, ...] = ()
    stable_messages: int = 0
    shown: int = 0
    said: str = ""
    links: tuple[str, ...] | None = None

    @property
    def input_tokens(self) -> int:
        """About how long the prompt is, before anybody has counted."""
        told = sum(estimate_tokens(text) for text in (*self.system, *_texts(self.messages), str(self.tools or "")))
        return told + PICTURE_TOKENS * self.pictures

    @property
    def pictures(self) -> int:
        """How many there are to look at."""
        return sum(isinstance(block, Picture) for message in self.messages for block in message.content)


class Routed(msgspec.Struct, frozen=True):
    """A call is about to leave for this model."""

    model: str
    reason: str


class FailoverBegun(msgspec.Struct, frozen=True):
    """The next model goes on, after `at_char` characters of the turn; tool calls heard before this are void."""

    from_model: str
    to_model: str
    reason: str
    at_char: int = 0


class Restarted(msgspec.Struct, frozen=True):
    """The text of this answer so far is void; it begins anew."""

    reason: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that nobody watched."""

    text: str
    model: str
    reason: str
    tool_uses: tuple[ToolUse, ...] = ()
    usage: Usage = Usage()
    stop_reason: StopReason = "stop"


GatewayEvent = Routed | TextDelta | ToolUse | CitedSpan | FailoverBegun | Restarted | Finished


def _texts(messages: tuple[Message, ...]) -> list[str]:
    blocks = [block for message in messages for block in message.content if not isinstance(block, Picture)]
    return [block.text if isinstance(block, Text) else str(block) for block in blocks]
