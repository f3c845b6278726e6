"""What is done for a session when an answer has been given and nobody waits: its title, a summary, what comes next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from application.run_plan import PlanRun
from application.steps.after import facts_after
from application.turn_run import Fenced, TurnRun
from domain.refusals import Refusal

MOST = 1_000
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AfterTurn:
    """Runs in tasks of its own; when there are too many already it is left out, for nobody waits for it."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, run: TurnRun) -> None:
        """Begin what a completed turn's plan has for afterwards."""
        plan = run.plan
        if run.completed and plan is not None and plan.plan.after and len(self.tasks) < MOST:
            task = asyncio.create_task(self._after(run, plan))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _after(self, run: TurnRun, plan: PlanRun) -> None:
        try:
            results = await plan.after(run.text)
            await run.record(facts_after(results, plan.facts))
        except (Fenced, Refusal) as error:
            log.info("after_turn_left", turn=run.turn_id, why=type(error).__name__)
        except Exception:
            log.exception("after_turn_broke", turn=run.turn_id)
        finally:
            try:
                await run.settle()
            except Refusal:
                log.exception("turn_not_settled", turn=run.turn_id)
