"""Makes the answer of a turn by its plan: what comes before it, the answer itself, and what looks at it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from application.gateway.gateway import Gateway
from application.plan.citations import CitationReader
from application.plan.effects import Effects
from application.plan.facts import ToolFact, facts_of
from application.plan.plan import plan_of
from application.plan.run_plan import PlanRun
from application.turns.gateway_step_model import GatewayStepModel
from application.turns.prepare_turn import PreparedTurn
from application.turns.retrieve_passages import RetrievePassages
from application.turns.running_turn import Fenced, RunningTurn
from application.turns.step_reply_cache import StepReplyCache
from application.turns.stream_answer import StreamAnswer
from domain.session.events import Passage
from domain.session.state import Turn

WITHDRAWN = "I cannot give this answer. Please ask in another way, or ask a colleague."


@dataclass(frozen=True, slots=True)
class GenerateAnswer:
    """Everything between an open question and a completed turn."""

    gateway: Gateway
    retrieve: RetrievePassages
    answer: StreamAnswer
    kept: StepReplyCache

    async def __call__(self, run: RunningTurn, opening: PreparedTurn, vector: list[float] | None) -> None:
        """Say the answer and complete the turn."""
        turn = run.live.state.turn(run.turn_id)
        if turn is None:
            raise Fenced
        plan = self._plan(run, turn, opening, vector)
        effects = await plan.before()
        if run.ended:
            return
        run.citations = CitationReader(effects.keep_passages(plan.retrieved))
        await self.answer(run, turn, plan)
        if plan.plan.verify and not run.ended and run.text:
            await self._verify(run, turn, plan)
        if not run.ended:
            run.plan = plan
            await run.complete()

    def _plan(self, run: RunningTurn, turn: Turn, opening: PreparedTurn, vector: list[float] | None) -> PlanRun:
        may_keep = opening.question is not None and opening.question.policy.exact
        steps = GatewayStepModel(self.gateway, run, self.kept if may_keep else None)
        facts = facts_of(
            run.live.state,
            turn,
            run.assistant,
            documents=opening.documents,
            tools=[
                ToolFact(name=name, description=tool.description, effects=tool.effects)
                for name, tool in run.tools().items()
            ],
            wanted_language=turn.language,
        )
        plan = plan_of(run.assistant, facts)

        async def search(effects: Effects) -> Sequence[Passage]:
            return await self.retrieve(run, turn, effects.search_queries, vector, plan.fetch)

        return PlanRun(plan, facts, steps, run, turn.turn_id, search, steps.show, dict(turn.results))

    async def _verify(self, run: RunningTurn, turn: Turn, plan: PlanRun) -> None:
        """Nothing here fails the turn: an answer that has been shown stands unless a step says that it may not."""
        effects = await plan.verify(run.text)
        if run.ended:
            return
        if effects.must_withdraw:
            run.reset("withdrawn")
            run.say(WITHDRAWN)
            run.finish_reason = "content_filter"
        elif effects.must_revise and "revise" in plan.plan.on_demand:
            run.reset("revised")
            await self.answer.again(run, plan, "revise")
        elif effects.must_translate and "translate" in plan.plan.on_demand:
            plan.answer = run.text
            run.reset("translated")
            await self.answer.again(run, plan, "translate")
