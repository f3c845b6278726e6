"""One call through the gateway: started in the ledger before it leaves, settled when it ends, however it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from application.clock import new_id
from application.embedding import embed
from application.gateway.journal import Journal
from application.gateway.router import Route
from application.ports.model import (
    Embedder,
    Finished,
    LanguageModel,
    Message,
    ModelCall,
    ModelEvent,
    ModelFailure,
    TextDelta,
)
from domain.model_calls import ModelCallStarted, TokensUsed, settle
from domain.usage import Usage, estimate_tokens


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a step wants from a model."""

    step: str
    route: Route
    system: tuple[str, ...]
    messages: tuple[Message, ...]
    max_tokens: int
    first_token_s: float
    idle_s: float


@dataclass(frozen=True, slots=True)
class Gateway:
    """The models behind their ledger."""

    model: LanguageModel
    embedder: Embedder

    async def converse(self, ask: Ask, journal: Journal) -> AsyncIterator[ModelEvent]:
        """Stream an answer. `model.call_started` is stored before the call leaves; `tokens.used` is noted when it ends:
        with the provider's count, with zeros when it refused, or with an estimate when it broke off in the middle."""
        started = _started(ask, journal)
        await journal.record([started])
        shown = 0
        try:
            async for event in self.model.converse(_call(ask, started, journal)):
                if isinstance(event, TextDelta):
                    shown += len(event.text)
                elif isinstance(event, Finished):
                    journal.note(settle(started, event.usage))
                yield event
        except ModelFailure as failure:
            journal.note(_failed(started, failure, shown))
            raise

    async def embed(self, text: str, started: ModelCallStarted, journal: Journal) -> list[float] | None:
        """The vector of a text; None when the model failed, for words alone can still find passages."""
        embedded = await embed(self.embedder, text, started)
        journal.note(embedded.settled)
        return embedded.vector


def _started(ask: Ask, journal: Journal) -> ModelCallStarted:
    text = "".join(block.get("text", "") for message in ask.messages for block in message.content)
    return ModelCallStarted(
        call_id=new_id(),
        step=ask.step,
        model=ask.route.model,
        user=journal.caller.user,
        turn_id=journal.caller.turn,
        estimate=Usage(input_tokens=estimate_tokens("".join(ask.system) + text), output_tokens=ask.max_tokens),
    )


def _call(ask: Ask, started: ModelCallStarted, journal: Journal) -> ModelCall:
    return ModelCall(
        call_id=started.call_id,
        model=ask.route.model,
        system=ask.system,
        messages=ask.messages,
        max_tokens=ask.max_tokens,
        metadata=journal.caller.metadata(started.call_id, ask.step),
        first_token_s=ask.first_token_s,
        idle_s=ask.idle_s,
    )


def _failed(started: ModelCallStarted, failure: ModelFailure, shown: int) -> TokensUsed:
    """Refused before it began: nothing is billed. Lost in the middle or unheard of: an estimate stands."""
    if failure.status >= 400 and not failure.started:
        return settle(started, Usage(), failure=failure.code)
    output = max(1, shown // 4) if failure.started else 0
    usage = Usage(input_tokens=started.estimate.input_tokens, output_tokens=output)
    return settle(started, usage, estimated=True, failure=failure.code)
