"""Makes the answer of a turn by its plan: what comes before it, the answer itself, and what looks at it afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from application.gateway.gateway import Gateway
from application.plan.attached import NOTHING_ATTACHED, Attached
from application.plan.citations import CitationReader
from application.plan.effects import Effects
from application.plan.plan import plan_of
from application.plan.run_plan import PlanRun
from application.steps.facts import CollectionFact, ToolFact, facts_of
from application.turns.gateway_step_model import GatewayStepModel
from application.turns.prepare_turn import PreparedTurn
from application.turns.retrieve_passages import RetrievePassages
from application.turns.running_turn import RunningTurn
from application.turns.step_reply_cache import StepReplyCache
from application.turns.stream_answer import StreamAnswer
from application.turns.turn_log import Fenced
from application.turns.turn_request import AssistantConfig
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

    def plan(
        self,
        run: RunningTurn,
        prepared: PreparedTurn,
        vector: list[float] | None,
        attached: Attached = NOTHING_ATTACHED,
    ) -> PlanRun:
        """What is to be done for the answer, as far as it is known: `vector` is that of the question. Pictures alone
        are answered without documents, for an answer from passages is from them alone."""
        turn, may_keep = _turn_of(run), prepared.question is not None and prepared.question.policy.exact
        steps = GatewayStepModel(self.gateway, run, self.kept if may_keep else None)
        facts = facts_of(
            run.live.state,
            turn,
            run.config.assistant,
            documents=bool(attached.reads) or (prepared.documents and not attached.pictures),
            attached=attached.reads,
            tools=[
                ToolFact(name=name, description=tool.description, effects=tool.effects)
                for name, tool in run.config.tools.items()
            ],
            collections=_described(run.config),
            wanted_language=turn.language,
        )
        plan = plan_of(run.config.assistant, facts)

        async def search(effects: Effects) -> Sequence[Passage]:
            if not prepared.documents:
                return ()
            asked = effects.asked
            return await self.retrieve(run, turn, asked.search_queries, vector, plan.fetch, asked.collections)

        return PlanRun(plan, facts, steps, run.log, turn.turn_id, search, steps.show, dict(turn.results), attached)

    async def __call__(self, run: RunningTurn, plan: PlanRun, before: Awaitable[Effects]) -> None:
        """Say the answer and complete the turn. `before` is what comes before it, `plan.before()`, begun or not."""
        effects = await before
        if run.ended:
            return
        run.output.quote(CitationReader(effects.quoted(plan.retrieved, plan.attached)))
        await self.answer(run, _turn_of(run), plan)
        if plan.plan.verify and not run.ended and run.outcome.text:
            await self._verify(run, plan)
        if not run.ended:
            await run.complete()

    async def _verify(self, run: RunningTurn, plan: PlanRun) -> None:
        """Nothing here fails the turn: an answer that has been shown stands unless a step says that it may not."""
        effects = await plan.verify(run.outcome.text)
        if run.ended:
            return
        if effects.verdict.must_withdraw:
            run.output.reset("withdrawn")
            run.output.say(WITHDRAWN)
            run.outcome.finish_reason = "content_filter"
        elif effects.verdict.must_revise and "revise" in plan.plan.on_demand:
            run.output.reset("revised")
            await self.answer.again(run, plan, "revise")
        elif effects.verdict.must_translate and "translate" in plan.plan.on_demand:
            plan.answer = run.outcome.text
            run.output.reset("translated")
            await self.answer.again(run, plan, "translate")


def _described(config: AssistantConfig) -> list[CollectionFact]:
    """The collections that may be chosen from."""
    known = config.tenant.collections
    names = (name for name in config.collections if name in known)
    return [CollectionFact(name=name, description=known[name].description) for name in names]


def _turn_of(run: RunningTurn) -> Turn:
    """The turn as its session knows it; Fenced when that has been erased."""
    turn = run.stored
    if turn is None:
        raise Fenced
    return turn
