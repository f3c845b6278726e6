"""What is done for a session when an answer has been given and nobody waits: its title, a summary, what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import structlog

from application.run_plan import PlanRun
from application.steps.after import facts_after
from application.tasks import TaskSet, isolated
from application.turn_run import Fenced, TurnRun
from domain.refusals import Refusal

MOST = 1_000
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AfterTurn:
    """Runs in tasks of its own; when there are too many already it is left out, for nobody waits for it."""

    tasks: TaskSet = field(default_factory=partial(TaskSet, "after_turn"))

    def begin(self, run: TurnRun) -> None:
        """Begin what a completed turn's plan has for afterwards."""
        plan = run.plan
        if run.completed and plan is not None and plan.plan.after and len(self.tasks) < MOST:
            self.tasks.start(self._after(run, plan))

    async def _after(self, run: TurnRun, plan: PlanRun) -> None:
        try:
            results = await plan.after(run.text)
            await run.record(facts_after(results, plan.facts))
        except (Fenced, Refusal) as error:
            log.info("after_turn_left", turn=run.turn_id, why=type(error).__name__)
        finally:
            with isolated("turn_settlement", turn=run.turn_id):
                await run.settle()
