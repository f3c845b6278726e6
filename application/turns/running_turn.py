"""A turn that runs in this process: its log, its output, what it has come to, and its one end."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from application.clock import monotonic
from application.redaction.redactor import Redactor
from application.sessions.end_frames import completed_frame, failed_frame
from application.sessions.live_session import LiveSession
from application.turns.turn_end import TurnEnd
from application.turns.turn_log import TurnLog
from application.turns.turn_outcome import TurnOutcome
from application.turns.turn_output import TurnOutput
from application.turns.turn_request import AssistantConfig, TurnRequest
from domain.dependence import Dependence
from domain.refusals import Refusal
from domain.session import events as e
from domain.session.state import Turn


class RunningTurn:
    """Ties together what is stored of a turn, what is seen of it and what it has come to; it ends once."""

    def __init__(self, live: LiveSession, request: TurnRequest, config: AssistantConfig, redactor: Redactor) -> None:
        self.live, self.request, self.config, self.redactor = live, request, config, redactor
        self.turn_id = request.turn_id
        self.outcome = TurnOutcome(depends=request.depends)
        self.log = TurnLog(live, request, config, redactor, self.outcome)
        self.output = TurnOutput(live, request.turn_id, self.outcome)
        self._end = TurnEnd(live, self.outcome, self.log, self.output, self.leave)

    @property
    def ended(self) -> bool:
        """Whether it has its end, or is no longer ours."""
        return self.outcome.ended

    @property
    def stored(self) -> Turn | None:
        """The turn as its session knows it; None when that has been erased."""
        return self.live.state.turn(self.turn_id)

    @property
    def may_depend(self) -> Dependence:
        """What the answer will hang on if all of its tools are called."""
        return reduce(or_, (tool.depends for tool in self.config.tools.values()), self.outcome.depends)

    def begin(self) -> None:
        """From here on it is the turn that its session runs in this process."""
        self.live.run = self

    def leave(self) -> None:
        """It no longer is."""
        if self.live.run is self:
            self.live.run = None

    def give_up(self) -> None:
        """Nothing more is said or done in it here, whatever became of its end."""
        self.outcome.ended = True

    async def complete(self, *, cached: str = "") -> None:
        """The answer has ended, as the outcome's `finish_reason` says."""
        self.output.hear_out()
        reason, audience = self.outcome.finish_reason, self.outcome.audience
        event = e.TurnCompleted(**self._ending(), finish_reason=reason, audience=audience, cached=cached)
        await self._end.decide(event, completed_frame(event))

    async def cancel(self) -> bool:
        """Its user stopped it: over at once for whoever watches; the provider's stream is drained behind it. False when
        it had ended already."""
        self.output.hear_out()
        event = e.TurnCancelled(**self._ending())
        return await self._end.decide(event, completed_frame(event))

    async def fail(self, refusal: Refusal) -> None:
        """No whole answer, and why."""
        event = e.TurnFailed(
            turn_id=self.turn_id,
            code=refusal.code,
            message=refusal.detail,
            retryable=refusal.retryable,
            text=self.outcome.text,
            trace_id=self.turn_id,
        )
        await self._end.decide(event, failed_frame(event, refusal.retry_after_s))

    def _ending(self) -> dict[str, Any]:
        now, so_far = monotonic(), self.outcome
        return {
            "turn_id": self.turn_id,
            "text": so_far.text,
            "citations": tuple(so_far.citations.found.values()),
            "model": so_far.model,
            "usage": so_far.spent.usage,
            "cost_usd": so_far.spent.cost_usd,
            "ms": round((now - so_far.began) * 1000),
            "ttft_ms": round(((so_far.first_text or now) - so_far.began) * 1000),
        }
