"""Brings the requests of a turn's steps to the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from application.gateway.gateway import Gateway
from application.gateway.model_request import Ask
from application.plan.step_request import StepAsk, StepReply
from application.sessions import feed_frames as f
from application.turns.running_turn import TurnRun
from application.turns.step_reply_cache import KeptReplies


@dataclass(frozen=True, slots=True)
class TurnStepModel:
    """The model of one turn's steps. `kept` is None in a turn that may not use caches."""

    gateway: Gateway
    run: TurnRun
    kept: KeptReplies | None = None

    async def complete(self, ask: StepAsk) -> StepReply:
        """See `StepModel`."""
        if self.kept is None or not ask.cacheable:
            return await self._asked(ask)
        return await self.kept.reply(self.run, ask, lambda: self._asked(ask))

    async def _asked(self, ask: StepAsk) -> StepReply:
        reply = await self.gateway.complete(
            Ask(
                step=ask.step,
                tier=ask.tier,
                policy=self.run.assistant.models,
                system=ask.system,
                messages=ask.messages,
                max_tokens=ask.max_tokens,
                first_token_s=ask.timeout_s,
                idle_s=ask.timeout_s,
            ),
            self.run,
        )
        return StepReply(reply.text, reply.model, reply.reason, reply.stop_reason == "stop")

    def show(self, step: str, status: str, model: str, reason: str, ms: int) -> None:
        """A step begins or is done, for who watches."""
        if status == "started":
            self.run.show(f.Step(step=step, status=status))
        else:
            self.run.show(f.Step(step=step, status=status, model=model or UNSET, reason=reason or UNSET, ms=ms))
