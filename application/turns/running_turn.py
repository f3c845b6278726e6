"""A turn that runs in this process: its log, its output, what it has come to, and its one end."""

from __future__ import annotations

import asyncio
import time
from functools import reduce
from operator import or_
from typing import Any

import structlog

from application.redaction.redactor import Redactor
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession
from application.tasks import outcome as outcome_of
from application.turns.end_frames import completed_frame, ended_frame, failed_frame
from application.turns.turn_log import Fenced, TurnLog
from application.turns.turn_outcome import TurnOutcome
from application.turns.turn_output import TurnOutput
from application.turns.turn_request import AssistantConfig, TurnRequest
from domain.dependence import Dependence
from domain.refusals import Conflict, Refusal
from domain.session import events as e
from domain.session.state import Turn

RETRY_END_S = (0.5, 1.0, 2.0, 4.0, 8.0)
End = e.TurnCompleted | e.TurnCancelled | e.TurnFailed
STATUS: dict[type[End], str] = {
    e.TurnCompleted: "completed",
    e.TurnCancelled: "cancelled",
    e.TurnFailed: "failed",
}
log = structlog.get_logger()


class RunningTurn:
    """Ties together what is stored of a turn, what is seen of it and what it has come to; it ends once."""

    def __init__(self, live: LiveSession, request: TurnRequest, config: AssistantConfig, redactor: Redactor) -> None:
        self.live, self.request, self.config, self.redactor = live, request, config, redactor
        self.turn_id = request.turn_id
        self.outcome = TurnOutcome(depends=request.depends)
        self.log = TurnLog(live, request, config, redactor, self.outcome)
        self.output = TurnOutput(live, request.turn_id, self.outcome)
        self._end_task: asyncio.Task[bool] | None = None

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
        reason, audience = self.outcome.finish_reason, self.outcome.audience
        event = e.TurnCompleted(**self._ending(), finish_reason=reason, audience=audience, cached=cached)
        await self._end(event, completed_frame(event))

    async def cancel(self) -> bool:
        """Its user stopped it: over at once for whoever watches; the provider's stream is drained behind it. False when
        it had ended already."""
        event = e.TurnCancelled(**self._ending())
        return await self._end(event, completed_frame(event))

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
        await self._end(event, failed_frame(event, refusal.retry_after_s))

    async def _end(self, event: End, frame: f.Frame) -> bool:
        """Whether this is its end. Whoever comes first decides, and a task that no deadline, cancel or drain reaches
        stores that; whoever comes later waits for the outcome, and decides when it can never be stored."""
        while self._end_task is not None:
            try:
                await outcome_of(self._end_task)
            except Fenced:
                raise
            except Exception:
                continue  # it could not be stored
            return False
        if self.outcome.ended:
            return False
        self.outcome.ended = True
        self._end_task = self.live.tasks.start_awaited(self._store_end(event, frame))
        return await outcome_of(self._end_task)

    async def _store_end(self, event: End, frame: f.Frame) -> bool:
        """Store it, in several tries if need be; what was said since it was decided is void, so there is no way back.
        When nothing can be stored the lease is no longer renewed, and whoever can store takes the turn over."""
        try:
            ours = await self._is_recorded(event)
        except Fenced:
            raise
        except BaseException as error:
            log.error("turn_end_not_stored", turn=self.turn_id, reason=type(error).__name__)
            self._end_task, self.outcome.ended = None, isinstance(error, Refusal) and error.retryable
            raise
        self.outcome.completed = ours and isinstance(event, e.TurnCompleted)
        self.leave()
        if ours:
            self.output.show_end(frame)
        return ours

    async def _is_recorded(self, event: End) -> bool:
        """Whether the end that is stored now is this one."""
        for pause in (*RETRY_END_S, None):
            try:
                await self.log.record_within([event])
                return True
            except (Fenced, Conflict):
                return self._was_recorded(event)
            except Refusal as refusal:
                if pause is None or not refusal.retryable:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _was_recorded(self, event: End) -> bool:
        """Whether an end that was in the way is this one, stored by an append whose outcome was not known. Another one
        is shown as it is stored; Fenced when the turn runs elsewhere, or is erased."""
        turn = self.stored
        if turn is None or turn.status == "running":
            raise Fenced
        self.log.keep_owed()
        if (turn.status, turn.answer) == (STATUS[type(event)], event.text):
            return True
        self.output.show_end(f.Reset(reason="resumed"))
        if turn.answer:
            self.output.show_end(f.Delta(delta=turn.answer))
        self.output.show_end(ended_frame(turn))
        return False

    def _ending(self) -> dict[str, Any]:
        now, so_far = time.monotonic(), self.outcome
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
