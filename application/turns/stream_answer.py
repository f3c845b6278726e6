"""Streams the answer of a turn to its watchers, whatever the models do meanwhile, with its rounds of tools."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec

from application.clock import monotonic, now
from application.gateway.gateway import Gateway
from application.gateway.model_request import FailoverBegun, GatewayEvent, ModelRequest, Restarted, Routed
from application.plan.history import goes_on, history_messages
from application.plan.prompt import instructed, system_blocks
from application.plan.run_plan import PlanRun
from application.ports.models.model import CitedSpan, Finished, Message, StopReason, Text, TextDelta, ToolUse
from application.sessions import feed_frames as f
from application.turns.run_tools import ToolRounds
from application.turns.running_turn import RunningTurn
from domain.refusals import ModelUnavailable
from domain.session import events as e
from domain.session.state import Turn

DRAIN_S = 30.0
MOST_ROUNDS = 8
LAST_ROUND = "No more tools can be called in this turn. Answer now, with what you have, and say what is missing."
BETWEEN_ROUNDS = "\n\n"


@dataclass
class _Round:
    """One request of the answer: what stood before it, and what the model wants."""

    step: str
    before: str
    uses: list[ToolUse] = field(default_factory=list)
    model: str = ""
    reason: str = ""
    stop_reason: StopReason = "incomplete"
    spoke: bool = False


@dataclass(frozen=True, slots=True)
class StreamAnswer:
    """The steps that speak to the user. `answer_tokens` is the most that one request may say, `kept_s` how long
    a provider keeps the beginning of a prompt."""

    gateway: Gateway
    tools: ToolRounds
    history_tokens: int
    answer_tokens: int
    first_token_s: float
    idle_s: float
    kept_s: float

    async def __call__(self, run: RunningTurn, turn: Turn, plan: PlanRun) -> None:
        """Say the answer. Whoever has cancelled the turn hears no more, but the provider is heard to its end, for that
        is what it bills."""
        effects = plan.effects
        earlier = history_messages(run.live.state, self.history_tokens)
        question = instructed(effects.message(plan.retrieved, plan.attached), turn.instructions)
        box = await self.tools.open(run, turn, effects.answering.tools) if effects.answering.tools else None
        ask = ModelRequest(
            step=effects.answering.step,
            tier=effects.answering.tier,
            complexity=effects.asked.complexity,  # type: ignore[arg-type] # one of its literals
            policy=run.config.assistant.models,
            system=system_blocks(run.config.assistant.instructions),
            messages=(*earlier, question),
            stable_messages=len(earlier) if goes_on(run.live.state, now(), self.kept_s) else 0,
            max_tokens=self.answer_tokens,
            first_token_s=self.first_token_s,
            idle_s=self.idle_s,
            tools=box.specs() if box else (),
            links=run.config.assistant.links,
            said=run.outcome.text,
        )
        for left in reversed(range(MOST_ROUNDS)):
            round = await self._round(run, ask)
            if run.ended or run.outcome.full or not round.uses:
                return
            if box is None or round.stop_reason != "tool_use":
                self.tools.refuse(run, round.uses)
                return
            said = run.outcome.text[len(round.before) :]
            more = await self.tools(run, plan, box, said, round.uses)
            if not more:
                return
            if left == 1:
                more[-1] = Message("user", (*more[-1].content, Text(LAST_ROUND)))
            ask = _next(ask, more, run.outcome.text)
        raise ModelUnavailable(f"The model asked for tools {MOST_ROUNDS} times and gave no answer.")

    async def again(self, run: RunningTurn, plan: PlanRun, step: str) -> None:
        """Say the answer anew, as a step that looked at it wants it."""
        asked = plan.prose(step)
        ask = ModelRequest(
            step=step,
            tier=asked.tier,
            policy=run.config.assistant.models,
            system=(*system_blocks(run.config.assistant.instructions), *asked.system),
            messages=asked.messages,
            max_tokens=asked.max_tokens,
            first_token_s=self.first_token_s,
            idle_s=self.idle_s,
            links=run.config.assistant.links,
        )
        await self._round(run, ask)

    async def _round(self, run: RunningTurn, ask: ModelRequest) -> _Round:
        began = monotonic()
        round = _Round(ask.step, before=run.outcome.text[len(ask.said) :])
        await self._hear(run, ask, round)
        if not run.ended:
            ms = round_ms(began)
            outcome = run.outcome
            outcome.finish_reason = "length" if outcome.full else _finish(round, outcome.text)
            run.log.note(e.StepRun(turn_id=run.turn_id, step=ask.step, model=round.model, reason=round.reason, ms=ms))
            run.output.show(f.StepProgress(step=ask.step, status="finished", model=round.model, ms=ms))
        return round

    async def _hear(self, run: RunningTurn, ask: ModelRequest, round: _Round) -> None:
        draining, outcome = False, run.outcome
        async with asyncio.timeout(None) as limit, aclosing(self.gateway.stream(ask, run.log)) as events:
            async for event in events:
                if not outcome.ended:
                    self._take(run, event, round)
                    if outcome.full:
                        return  # a model that says more than can be shown is not heard out
                elif not draining:
                    draining = True
                    limit.reschedule(asyncio.get_running_loop().time() + DRAIN_S)

    def _take(self, run: RunningTurn, event: GatewayEvent, round: _Round) -> None:
        output, outcome = run.output, run.outcome
        match event:
            case TextDelta():
                output.say(event.text if round.spoke or not round.before else BETWEEN_ROUNDS + event.text)
                round.spoke = True
            case ToolUse():
                round.uses.append(event)
            case CitedSpan():
                output.cite(event.n)
            case Routed():
                if not round.model:
                    output.show(
                        f.StepProgress(step=round.step, status="started", model=event.model, reason=event.reason)
                    )
                outcome.model = round.model = event.model
                round.reason = event.reason
            case FailoverBegun():
                round.uses.clear()
                outcome.failed_over = True
                output.show(
                    f.FailedOver(from_=event.from_model, to=event.to_model, reason=event.reason, at_char=event.at_char)
                )
            case Restarted():
                output.reset(event.reason, round.before)
                round.spoke = False
            case Finished():
                round.stop_reason = event.stop_reason


def _finish(round: _Round, text: str) -> e.FinishReason:
    """How the turn's answer ends if nothing follows this round. One that says nothing, or wants tools, is not whole."""
    if round.stop_reason in ("length", "content_filter"):
        return round.stop_reason
    whole = round.stop_reason == "stop" and not round.uses and text[len(round.before) :].strip()
    return "stop" if whole else "incomplete"


def _next(ask: ModelRequest, more: Sequence[Message], said: str) -> ModelRequest:
    """The same request with what was said and done since."""
    shown = len(said) + len(BETWEEN_ROUNDS) if said else 0
    return msgspec.structs.replace(ask, messages=(*ask.messages, *more), shown=shown, said="")


def round_ms(began: float) -> int:
    """Milliseconds since then."""
    return round((monotonic() - began) * 1000)
