"""The clean stop: nothing new, what runs may finish, the rest ends honestly, and every token is settled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.acting_tenant import acting_for
from application.budget.process_limits import Admission
from application.clock import monotonic
from application.sessions.live_session import LiveSessions, Running
from application.tasks import isolated
from application.turns.run_turn import TurnExecutor
from domain.refusals import Draining

SETTLE_S = 5.0
FINISH_S = 1.0
"""So long other processes are told what was said last."""
FAIL_S = 35.0
"""As long as an append may take, and a little."""


async def nothing_to_finish(timeout_s: float) -> None:
    """Nobody else is told of turns."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Ends the turns of a process within a time; `finish` tells others the rest."""

    sessions: LiveSessions
    admission: Admission
    turns: TurnExecutor
    finish: Callable[[float], Awaitable[None]] = nothing_to_finish

    async def __call__(self, grace_s: float) -> None:
        """Refuse new turns, wait up to `grace_s` for those that run, fail the rest as `draining`. What was told by then
        is in the tails, for whoever goes on in another process."""
        self.admission.draining = True
        with isolated("feed_mirror"):
            await self.sessions.mirror()
        ends = monotonic() + grace_s
        while self.turns.tasks and (left_s := ends - monotonic()) > 0:  # some may begin that were admitted before
            await self.turns.join(left_s)
        running = [(live.id.tenant, live.run) for live in self.sessions.held() if live.run is not None]
        await asyncio.gather(*(_fail(tenant, run) for tenant, run in running))
        await self.turns.join(SETTLE_S)
        await self.finish(FINISH_S)
        await self.turns.end(SETTLE_S)
        await self.sessions.tasks.join(SETTLE_S)
        with isolated("feed_mirror"):
            await self.sessions.mirror()


async def _fail(tenant: str, run: Running) -> None:
    """End one turn, side by side with the others; one whose end is not stored in time is left to its lease."""
    with isolated("turn_drain", turn=run.turn_id), acting_for(tenant):
        async with asyncio.timeout(FAIL_S):
            await run.fail(Draining(retry_after_s=1))
