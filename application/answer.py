"""Streams the answer of a turn to its watchers, whatever the models do meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from application import frames as f
from application.gateway.ask import Ask, FailedOver, Heard, Restarted, Routed
from application.gateway.gateway import Gateway
from application.ports.model import CitedSpan, Finished, Message, TextDelta, ToolUse
from application.prompt import history_messages, question_message, system_blocks
from application.turn_run import TurnRun
from domain.session import events as e
from domain.session.state import Turn

DRAIN_S = 30.0
BETWEEN_ROUNDS = "\n\n"


@dataclass
class _Round:
    """One request of the answer: what stood before it, and what the model wants."""

    before: str
    uses: list[ToolUse] = field(default_factory=list)
    model: str = ""
    reason: str = ""
    stop_reason: str = ""
    spoke: bool = False


@dataclass(frozen=True, slots=True)
class Answering:
    """The step `answer`."""

    gateway: Gateway
    history_tokens: int
    answer_tokens: int
    first_token_s: float
    idle_s: float

    async def __call__(self, run: TurnRun, turn: Turn, passages: Sequence[e.Passage]) -> bool:
        """Say the answer; whether it was cut short by its length. Whoever has cancelled the turn hears no more, but
        the provider is heard to its end, for that is what it bills."""
        began = time.monotonic()
        earlier = history_messages(run.live.state, self.history_tokens)
        messages = [*earlier, question_message(turn.text, passages)]
        round = _Round(before=run.text)
        await self._hear(run, self._ask(run, messages, len(earlier)), round)
        if run.ended:
            return False
        ms = _ms(began)
        run.note(e.StepRun(turn_id=turn.turn_id, step="answer", model=round.model, reason=round.reason, ms=ms))
        run.show(f.Step(step="answer", status="finished", model=round.model, ms=ms))
        return round.stop_reason == "max_tokens"

    def _ask(self, run: TurnRun, messages: Sequence[Message], stable: int) -> Ask:
        return Ask(
            step="answer",
            tier="balanced",
            policy=run.assistant.models,
            system=system_blocks(run.assistant.instructions),
            messages=tuple(messages),
            stable_messages=stable,
            max_tokens=self.answer_tokens,
            first_token_s=self.first_token_s,
            idle_s=self.idle_s,
            shown=len(run.text),
        )

    async def _hear(self, run: TurnRun, ask: Ask, round: _Round) -> None:
        draining = False
        async with asyncio.timeout(None) as limit, aclosing(self.gateway.converse(ask, run)) as events:
            async for event in events:
                if not run.ended:
                    self._take(run, event, round)
                elif not draining:
                    draining = True
                    limit.reschedule(asyncio.get_running_loop().time() + DRAIN_S)

    def _take(self, run: TurnRun, event: Heard, round: _Round) -> None:
        match event:
            case TextDelta():
                run.say(event.text if round.spoke or not round.before else BETWEEN_ROUNDS + event.text)
                round.spoke = True
            case ToolUse():
                round.uses.append(event)
            case CitedSpan():
                if citation := run.citations.cite(event.n, run.text):
                    run.show_citation(citation)
            case Routed():
                if not round.model:
                    run.show(f.Step(step="answer", status="started", model=event.model, reason=event.reason))
                run.model = round.model = event.model
                round.reason = event.reason
            case FailedOver():
                round.uses.clear()
                run.show(
                    f.FailedOver(from_=event.from_model, to=event.to_model, reason=event.reason, at_char=event.at_char)
                )
            case Restarted():
                run.reset(event.reason, round.before)
                round.spoke = False
            case Finished():
                round.stop_reason = event.stop_reason


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
