"""The clean stop: nothing new, what runs may finish, the rest ends honestly, and every token is settled."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from application.admission import Admission
from application.create_turn import CreateTurnHandler
from application.live_session import LiveSessions
from application.turn_run import Fenced
from domain.refusals import Draining, Refusal

SETTLE_S = 5.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Drain:
    """Ends the turns of a process within a time."""

    sessions: LiveSessions
    admission: Admission
    create_turn: CreateTurnHandler

    async def __call__(self, grace_s: float) -> None:
        """Refuse new turns, wait up to `grace_s` for those that run, fail the rest as `draining`."""
        self.admission.draining = True
        if self.create_turn.tasks:
            await asyncio.wait(self.create_turn.tasks, timeout=grace_s)
        for live in self.sessions.held():
            if live.run is not None:
                try:
                    await live.run.fail(Draining(retry_after_s=1))
                except (Fenced, Refusal):
                    log.warning("turn_left_to_its_lease", turn=live.run.turn_id if live.run else "")
        if self.create_turn.tasks:
            await asyncio.wait(self.create_turn.tasks, timeout=SETTLE_S)
        after = self.create_turn.run_turn.after_turn.tasks
        if left := [*self.create_turn.tasks, *after]:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=SETTLE_S)
        await self.sessions.mirror()
