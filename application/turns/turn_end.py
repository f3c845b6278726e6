"""The one end of a turn: whoever comes first decides which, and it is stored whatever meets it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from application.sessions import feed_frames as f
from application.sessions.end_frames import ended_frame
from application.sessions.live_session import LiveSession
from application.tasks import outcome as outcome_of
from application.turns.turn_log import Fenced, TurnLog
from application.turns.turn_outcome import TurnOutcome
from application.turns.turn_output import TurnOutput
from domain.event import Event
from domain.refusals import Conflict, Refusal
from domain.session import events as e

RETRY_END_S = (0.5, 1.0, 2.0, 4.0, 8.0)
End = e.TurnCompleted | e.TurnCancelled | e.TurnFailed
STATUS: dict[type[End], str] = {
    e.TurnCompleted: "completed",
    e.TurnCancelled: "cancelled",
    e.TurnFailed: "failed",
}
log = structlog.get_logger()


class TurnEnd:
    """Decides, stores and shows it; `leave` is called when the turn no longer runs here."""

    def __init__(
        self, live: LiveSession, outcome: TurnOutcome, log: TurnLog, output: TurnOutput, leave: Callable[[], None]
    ) -> None:
        self._live, self._outcome, self._log, self._output, self._leave = live, outcome, log, output, leave
        self._task: asyncio.Task[bool] | None = None

    async def decide(self, event: End, frame: f.Frame) -> bool:
        """Whether this is its end. Whoever comes first decides, and a task that no deadline, cancel or drain reaches
        stores that; whoever comes later waits for the outcome, and decides when it can never be stored."""
        while self._task is not None:
            try:
                await outcome_of(self._task)
            except Fenced:
                raise
            except Exception:  # noqa: S112  # whoever stores it says why it could not be stored
                continue
            return False
        if self._outcome.ended:
            return False
        self._outcome.ended = True
        self._task = self._live.tasks.start_awaited(self._store(event, frame))
        return await outcome_of(self._task)

    async def _store(self, event: End, frame: f.Frame) -> bool:
        """Store it, in several tries if need be; what was said since it was decided is void, so there is no way back.
        When nothing can be stored the lease is no longer renewed, and whoever can store takes the turn over."""
        try:
            ours = await self._is_recorded(event)
        except Fenced:
            raise
        except BaseException as error:
            log.error("turn_end_not_stored", turn=event.turn_id, reason=type(error).__name__)
            self._task, self._outcome.ended = None, isinstance(error, Refusal) and error.retryable
            raise
        self._outcome.completed = ours and isinstance(event, e.TurnCompleted)
        self._leave()
        if ours and not self._is_told(event):
            self._output.show_end(frame)
        return ours

    def _is_told(self, event: End) -> bool:
        """Whether it was shown already: by who read the end in the store while that was still not known here."""
        return self._live.feed.tells(event.turn_id, ended=True)

    async def _is_recorded(self, event: End) -> bool:
        """Whether the end that is stored now is this one."""
        for pause in (*RETRY_END_S, None):
            try:
                await self._log.record_within([event, *self._due(event)])
                return True
            except (Fenced, Conflict):
                return self._was_recorded(event)
            except Refusal as refusal:
                if pause is None or not refusal.retryable:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _due(self, event: End) -> list[Event]:
        """What follows a completed turn is done by this process, or by whoever finds that it did not."""
        follows = isinstance(event, e.TurnCompleted) and self._outcome.follows
        return [e.FollowUpDue(turn_id=event.turn_id)] if follows else []

    def _was_recorded(self, event: End) -> bool:
        """Whether an end that was in the way is this one, stored by an append whose outcome was not known. Another one
        is shown as it is stored; Fenced when the turn runs elsewhere, or is erased."""
        turn = self._live.state.turn(event.turn_id)
        if turn is None or turn.status == "running":
            raise Fenced
        self._log.keep_owed()
        if (turn.status, turn.answer) == (STATUS[type(event)], event.text):
            return True
        if self._is_told(event):
            return False
        self._output.show_end(f.Reset(reason="resumed"))
        if turn.answer:
            self._output.show_end(f.Delta(delta=turn.answer))
        self._output.show_end(ended_frame(turn))
        return False
