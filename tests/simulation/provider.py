"""The provider of models in a simulated installation: what it answers hangs on the question alone, what it bills it
writes down, and it fails as the seed wants."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from application.ports.models.invocation_logs import LoggedCall
from application.ports.models.model import (
    FailureKind,
    Finished,
    ModelCall,
    ModelEvent,
    ModelFailure,
    TextDelta,
    ToolResult,
    ToolUse,
)
from domain.usage import Usage
from tests.fakes.in_memory_invocation_logs import InMemoryInvocationLogs
from tests.simulation.node import Node
from tests.simulation.world import START_S, World

QUESTION = re.compile(r"Q-([a-z]+)-(\w+)-(\d+)")
WORDS = ("coffee", "may", "be", "returned", "within", "thirty", "days\n\n", "of", "sale,", " so", "keep", "the slip.")
STEP_REPLIES = {"title": {"title": "About coffee"}, "follow_ups": {"questions": ["And kettles?"]}}


def question(tenant: str, who: str, length: int) -> str:
    """A question whose answer has about so many words; `tenant` is its canary."""
    return f"What of Q-{tenant}-{who}-{length}?"


def answer_to(text: str) -> str:
    """The one answer to a question."""
    found = QUESTION.findall(text)
    if not found:
        return "I know nothing of that."
    tenant, who, length = found[-1]
    words = [f"canary-{tenant}", who, *(f"{WORDS[n % len(WORDS)]}{n}" for n in range(int(length)))]
    return " ".join(words)


class Provider:
    """`fails` is the chance of a call to fail in some way."""

    def __init__(self, world: World) -> None:
        self.world, self.logs, self.fails = world, InMemoryInvocationLogs(), 0.0
        self.under_way = 0
        self.calls: dict[str, str] = {}

    def model(self, node: Node) -> ProvidedModel:
        """As one process calls it."""
        return ProvidedModel(self, node)

    def bill(self, call: ModelCall, usage: Usage, error: str = "") -> None:
        """A line of the log."""
        if call.call_id in self.calls:
            self.world.find(f"call {call.call_id} came twice")
        self.calls[call.call_id] = call.metadata["tenant_id"]
        self.logs.lines.append(
            LoggedCall(
                request_id=f"r-{call.call_id}",
                at=datetime.fromtimestamp(START_S + self.world.now, UTC),
                operation="ConverseStream",
                model=call.model,
                usage=usage,
                metadata=call.metadata,
                error_code=error,
            )
        )


class ProvidedModel:
    """See `LanguageModel`."""

    def __init__(self, provider: Provider, node: Node) -> None:
        self._provider, self._node = provider, node

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        """What is left of the answer behind what the call begins with."""
        provider, world, draw = self._provider, self._node.world, self._node.world.random
        try:
            await world.cross(self._node, "model")
        except Exception as error:
            raise ModelFailure(FailureKind.UNREACHABLE, "nobody there") from error
        fails = draw.random() < provider.fails
        how = draw.choice(("throttled", "cut", "stalled", "late")) if fails else ""
        if how == "throttled":
            provider.bill(call, Usage(), "ThrottlingException")
            raise ModelFailure(FailureKind.THROTTLED, "too many", refused=True)
        asked, used = 20, 0
        use = self._use(call)
        text = "" if use else self._text(call)
        provider.under_way += 1
        cut_at = draw.randrange(len(text)) if how in ("cut", "stalled") and text else -1
        try:
            await self._pause(draw.choice((0.05, 0.2, 0.6)) if how != "late" else 7.0)
            at = 0
            while at < len(text):
                size = draw.choice((1, 5, 12, 30))
                if 0 <= cut_at < at + size:
                    size = max(0, cut_at - at)
                if size:
                    used += 1
                    yield TextDelta(text[at : at + size])
                    at += size
                if at == cut_at:
                    break
                await self._pause(draw.choice((0.0, 0.02, 0.1, 0.25)))
            if use:
                yield use
            if how == "stalled":
                await self._pause(call.idle_s)
                raise ModelFailure(FailureKind.STALLED, "silence", started=at > 0)
            if how == "cut":
                raise ModelFailure(FailureKind.CUT, "cut", started=at > 0)
        finally:
            provider.under_way -= 1
            provider.bill(call, Usage(asked, used))
        yield Finished("tool_use" if use else "stop", Usage(asked, used))

    async def _pause(self, seconds: float) -> None:
        world, node = self._node.world, self._node
        if seconds:
            await asyncio.sleep(seconds)
        while node.frozen_until > world.now:
            await asyncio.sleep(node.frozen_until - world.now)
        node.check()
        if world.cut_until(node.name, "model"):
            raise ModelFailure(FailureKind.CUT, "the connection is gone", started=True)

    def _use(self, call: ModelCall) -> ToolUse | None:
        """The tool is called before each answer."""
        last = call.messages[-1]
        if not call.tools or last.role != "user" or any(isinstance(block, ToolResult) for block in last.content):
            return None
        (tool,), case = call.tools, QUESTION.findall(last.text)[-1][1]
        return ToolUse("use_1", tool.name, json.dumps({"case": case}))

    def _text(self, call: ModelCall) -> str:
        step = call.metadata["step"]
        if not step.startswith(("answer", "call_tools")):
            return json.dumps(STEP_REPLIES.get(step, {}))
        last = call.messages[-1]
        asked = (m.text for m in reversed(call.messages) if m.role == "user")
        whole = answer_to(next(text for text in asked if QUESTION.search(text)))
        if last.role != "assistant":
            return whole
        if not whole.startswith(last.text):
            self._node.world.find(f"a model was to go on with what it never said: {last.text[-60:]!r}")
            return ""
        return whole[len(last.text) :]
