"""The way of every call to a model: private values out, routed, made with failover, private values back in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from application.gateway.call_log import Journal
from application.gateway.failover import Failover
from application.gateway.model_attempt import CallBudget
from application.gateway.model_request import FailoverBegun, GatewayEvent, ModelRequest, Reply, Restarted, Routed
from application.gateway.router import Needs, Router
from application.ports.models.model import (
    Block,
    Fence,
    Finished,
    Message,
    Picture,
    Text,
    TextDelta,
    ToolResult,
    ToolUse,
)
from application.redaction.quoting import draw_fences, draw_mark, lasting_mark
from application.redaction.redactor import Redactor
from domain.session.events import ModelFailedOver
from domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Gateway:
    """The models behind their ledger."""

    router: Router
    failover: Failover
    budget: CallBudget

    async def stream(self, ask: ModelRequest, journal: Journal) -> AsyncGenerator[GatewayEvent, None]:
        """Stream an answer; it ends with one `Finished`. `ModelFailure` when no model could bring it to its end,
        `PiiBlocked` when the prompt or the answer holds what the tenant does not allow."""
        routes = self.router.routes(
            Needs(
                tier=ask.tier,
                complexity=ask.complexity,
                tokens=ask.input_tokens + ask.max_tokens,
                policy=ask.policy,
                budget=self.budget.level(journal.caller.tenant, journal.caller.user),
                pictures=bool(ask.pictures),
            )
        )
        redacted = await _redacted(ask, journal.redactor, journal.caller.session)
        speech = journal.redactor.speech(ask.links)
        shown = ask.shown + len(ask.said)
        async with aclosing(self.failover.stream(redacted, routes, journal)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    text = await speech.feed(event.text)
                    if text:
                        shown += len(text)
                        yield TextDelta(text)
                    continue
                if isinstance(event, ToolUse | Finished) and (rest := await speech.flush()):
                    shown += len(rest)
                    yield TextDelta(rest)
                if isinstance(event, ToolUse):
                    event = _restored(event, journal.redactor)
                elif isinstance(event, Restarted):
                    speech, shown = journal.redactor.speech(ask.links), ask.shown
                elif isinstance(event, FailoverBegun):
                    event = msgspec.structs.replace(event, at_char=shown)
                    journal.note(_failed_over(event, journal.caller.turn))
                yield event

    async def complete(self, ask: ModelRequest, journal: Journal) -> Reply:
        """The whole of an answer that nobody watches. Errors as above."""
        text, model, reason = "", "", ""
        uses: list[ToolUse] = []
        finished = Finished("incomplete", Usage())
        async with aclosing(self.stream(ask, journal)) as events:
            async for event in events:
                match event:
                    case TextDelta():
                        text += event.text
                    case ToolUse():
                        uses.append(event)
                    case Routed():
                        model, reason = event.model, event.reason
                        uses.clear()
                    case Restarted():
                        text = ""
                    case Finished():
                        finished = event
                    case _:
                        pass
        return Reply(
            text=text, model=model, reason=reason, tool_uses=tuple(uses), usage=finished.usage,
            stop_reason=finished.stop_reason,
        )  # fmt: skip


async def _redacted(ask: ModelRequest, redactor: Redactor, session: str) -> ModelRequest:
    """Without private values in what people, documents and tools said, and with a mark drawn for this call on its
    fences; those in the conversation so far keep the session's, or no prompt would begin as the one before. Prompts and
    instructions are the house's and the tenant's own words and stay as they are."""
    mark, lasting = draw_mark(), lasting_mark(session)
    messages = []
    for place, message in enumerate(ask.messages):
        content = [await _block(block, redactor) for block in message.content]
        drawn = lasting if place < ask.stable_messages else mark
        messages.append(draw_fences(Message(message.role, tuple(content)), drawn))
    said = await redactor.redact(ask.said) if ask.said else ""
    return msgspec.structs.replace(ask, messages=tuple(messages), said=said)


async def _block(block: Block, redactor: Redactor) -> Block:
    """A block without private values; ids and names are nobody's. A picture goes as it is, where an assistant
    allows that at all."""
    match block:
        case Text():
            return Text(await redactor.redact(block.text))
        case ToolUse():
            given = await redactor.redact_value(msgspec.json.decode(block.input))
            return ToolUse(block.tool_use_id, block.name, msgspec.json.encode(given).decode())
        case ToolResult():
            return ToolResult(block.tool_use_id, await redactor.redact_value(block.content), block.failed)
        case Fence() | Picture():
            return block


def _restored(use: ToolUse, redactor: Redactor) -> ToolUse:
    """A tool acts on the values themselves."""
    try:
        given = msgspec.json.decode(use.input)
    except msgspec.DecodeError:
        return use
    return ToolUse(use.tool_use_id, use.name, msgspec.json.encode(redactor.restore_value(given)).decode())


def _failed_over(event: FailoverBegun, turn: str) -> ModelFailedOver:
    return ModelFailedOver(
        turn_id=turn,
        from_model=event.from_model,
        to_model=event.to_model,
        reason=event.reason,
        at_char=event.at_char,
    )
