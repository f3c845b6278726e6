"""The way of every call to a model: redacted, routed, made with failover, restored."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from application.embedding import embed
from application.gateway.ask import Ask, Heard, Reply, Restarted, Routed
from application.gateway.failover import Failover
from application.gateway.journal import Journal
from application.gateway.router import Needs, Router
from application.ports.model import Embedder, Finished, TextDelta, ToolUse
from domain.model_calls import ModelCallStarted
from domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Gateway:
    """The models behind their ledger."""

    router: Router
    failover: Failover
    embedder: Embedder

    async def converse(self, ask: Ask, journal: Journal) -> AsyncGenerator[Heard, None]:
        """Stream an answer; it ends with one `Finished`. `ModelFailure` when no model could bring it to its end."""
        needs = Needs(
            tier=ask.tier,
            complexity=ask.complexity,
            tokens=ask.input_tokens + ask.max_tokens,
            policy=ask.policy,
        )
        self.router.health.retries.earn()
        async with aclosing(self.failover.stream(ask, self.router.routes(needs), journal)) as events:
            async for event in events:
                yield event

    async def complete(self, ask: Ask, journal: Journal) -> Reply:
        """The whole of an answer that nobody watches. `ModelFailure` as above."""
        text, model, reason = "", "", ""
        uses: list[ToolUse] = []
        usage = Usage()
        async with aclosing(self.converse(ask, journal)) as events:
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
                        usage = event.usage
                    case _:
                        pass
        return Reply(text=text, model=model, reason=reason, tool_uses=tuple(uses), usage=usage)

    async def embed(self, text: str, started: ModelCallStarted, journal: Journal) -> list[float] | None:
        """The vector of a text; None when the model failed, for words alone can still find passages."""
        embedded = await embed(self.embedder, text, started)
        journal.note(embedded.settled)
        return embedded.vector
