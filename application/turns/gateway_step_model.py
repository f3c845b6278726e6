"""Brings the requests of a turn's steps to the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from application.gateway.gateway import Gateway
from application.gateway.model_request import ModelRequest
from application.plan.step_request import StepReply, StepRequest
from application.sessions import feed_frames as f
from application.turns.running_turn import RunningTurn
from application.turns.step_reply_cache import StepReplyCache


@dataclass(frozen=True, slots=True)
class GatewayStepModel:
    """The model of one turn's steps. `kept` is None in a turn that may not use caches."""

    gateway: Gateway
    run: RunningTurn
    kept: StepReplyCache | None = None

    async def complete(self, ask: StepRequest) -> StepReply:
        """See `StepModel`."""
        if self.kept is None or not ask.cacheable:
            return await self._asked(ask)
        return await self.kept.reply(self.run, ask, lambda: self._asked(ask))

    async def _asked(self, ask: StepRequest) -> StepReply:
        reply = await self.gateway.complete(
            ModelRequest(
                step=ask.step,
                tier=ask.tier,
                policy=self.run.config.assistant.models,
                system=ask.system,
                messages=ask.messages,
                max_tokens=ask.max_tokens,
                first_token_s=ask.timeout_s,
                idle_s=ask.timeout_s,
            ),
            self.run.log,
        )
        return StepReply(reply.text, reply.model, reply.reason, reply.stop_reason == "stop")

    def show(self, step: str, status: str, model: str, reason: str, ms: int) -> None:
        """A step begins or is done, for who watches."""
        if status == "started":
            self.run.output.show(f.StepProgress(step=step, status=status))
        else:
            self.run.output.show(
                f.StepProgress(step=step, status=status, model=model or UNSET, reason=reason or UNSET, ms=ms)
            )
