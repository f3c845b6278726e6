"""What is done for a session when an answer has been given and nobody waits: its title, a summary, what comes next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import structlog

from application.plan.run_plan import PlanRun
from application.steps.after import facts_after
from application.tasks import TaskSet, isolated
from application.turns.running_turn import RunningTurn
from application.turns.turn_log import Fenced
from domain.refusals import Refusal

MOST = 1_000
MOST_BYTES = 64 * 1024 * 1024
"""Of the sessions whose turns are followed up at the same time."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PostTurn:
    """Runs in tasks of its own; when there are too many already it is left, for nobody waits for it: to whichever
    process finds that its lease has run out, as what a process leaves that dies."""

    tasks: TaskSet = field(default_factory=partial(TaskSet, "after_turn"))
    _held: Counter[str] = field(default_factory=Counter)

    def begin(self, run: RunningTurn, plan: PlanRun) -> None:
        """Begin what the plan of a turn has for afterwards, if the turn is completed."""
        if run.outcome.completed and plan.plan.after and self._has_room(run):
            self._held[run.turn_id] = run.live.state.size
            run.live.followed_up = run.turn_id
            task = self.tasks.start(self._after(run, plan))
            task.add_done_callback(lambda _: self._end(run))

    async def end(self, timeout_s: float) -> None:
        """Cancel what still runs, and see it end."""
        await self.tasks.end(timeout_s)

    def _has_room(self, run: RunningTurn) -> bool:
        return len(self.tasks) < MOST and self._held.total() + run.live.state.size <= MOST_BYTES

    def _end(self, run: RunningTurn) -> None:
        self._held.pop(run.turn_id, None)
        if run.live.followed_up == run.turn_id:
            run.live.followed_up = ""

    async def _after(self, run: RunningTurn, plan: PlanRun) -> None:
        try:
            results = await plan.after(run.outcome.text)
            await run.log.follow_up(facts_after(results, plan.facts))
        except (Fenced, Refusal) as error:
            log.info("after_turn_left", turn=run.turn_id, why=type(error).__name__)
        finally:
            with isolated("turn_settlement", turn=run.turn_id):
                await run.log.settle()
