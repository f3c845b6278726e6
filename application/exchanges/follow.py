"""Follows the turn of an exchange to its end; when nobody follows it any more, it is cancelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from application.exchanges.ask import Asked
from application.sessions import feed_frames as f
from application.sessions.end_frames import ended_frame
from application.sessions.feed import created_at
from application.tasks import TaskSet
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from domain.refusals import ModelUnavailable, NotFound, TurnNotFound
from domain.session.commands import ConfirmTool

SLACK_S = 30.0
"""A turn that another process runs is waited for so much longer than any may last."""


@dataclass(frozen=True, slots=True)
class FollowHandler:
    """`longest_s` is how long a turn may last."""

    cancel_turn: CancelTurnHandler
    confirm_tool: ConfirmToolHandler
    longest_s: float
    _following: Counter[str] = field(default_factory=Counter)
    _cancels: TaskSet = field(default_factory=partial(TaskSet, "exchange_cancel"))

    @asynccontextmanager
    async def __call__(self, asked: Asked) -> AsyncIterator[AsyncGenerator[f.Frame, None]]:
        """The frames of the turn from its beginning, with its end as the last. Whoever leaves before it while nobody
        else follows has the turn cancelled."""
        self._following[asked.turn_id] += 1
        frames = self._frames(asked)
        try:
            yield frames
        finally:
            self._following[asked.turn_id] -= 1
            if not self._following[asked.turn_id]:
                del self._following[asked.turn_id]
                running = asked.session.running
                if running and running.turn_id == asked.turn_id:
                    self._cancels.start(self._cancel(asked))  # whoever leaves is not kept
            with suppress(RuntimeError):  # it is being read while its reader is thrown out
                await frames.aclose()

    async def _cancel(self, asked: Asked) -> None:
        with suppress(TurnNotFound):
            await self.cancel_turn(asked.live, asked.turn_id)

    async def _frames(self, asked: Asked) -> AsyncGenerator[f.Frame, None]:
        feed = asked.live.feed
        begins = created_at(feed, asked.turn_id)
        if begins is None or not (asked.live.run or feed.tells(asked.turn_id, ended=True)):
            yield await self._end_elsewhere(asked)
            return
        cursor = begins - 1
        while True:
            await feed.news(cursor)
            for frame in feed.since(cursor):
                cursor = frame.seq
                if frame.turn_id != asked.turn_id:
                    continue
                await self._decline(asked, frame)
                yield frame
                if isinstance(frame, f.Completed | f.Failed):
                    return

    async def _decline(self, asked: Asked, frame: f.Frame) -> None:
        """These clients cannot be asked whether a tool may be called: it may not."""
        if isinstance(frame, f.ToolCall) and frame.status == "waiting" and isinstance(frame.call, str):
            command = ConfirmTool(turn_id=asked.turn_id, call=frame.call, allow=False, by=asked.session.user)
            with suppress(NotFound, TurnNotFound):
                await self.confirm_tool(asked.live, command)

    async def _end_elsewhere(self, asked: Asked) -> f.Frame:
        """The end of a turn that another process runs, or that ended long ago."""
        await asked.live.until(
            lambda session: (turn := session.turn(asked.turn_id)) is None or turn.status != "running",
            self.longest_s + SLACK_S,
        )
        turn = asked.session.turn(asked.turn_id)
        if turn is None or turn.status == "running":
            raise ModelUnavailable
        return ended_frame(turn)
