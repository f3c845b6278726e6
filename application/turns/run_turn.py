"""Runs turns by their plan, from a cache or by models: each in a task of its own, ended exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from application.answer_cache.answer_cache import AnswerCache, Candidate, Hit
from application.budget.turn_permits import TurnPermits
from application.failure_classes import BUSY, class_of
from application.incidents.raise_incident import RaiseIncident
from application.plan.attached import NOTHING_ATTACHED
from application.ports.models.answer_cache import Question
from application.ports.models.model import FailureKind, ModelFailure
from application.sessions.live_session import LiveSession
from application.tasks import GIVES_WAY, TaskSet, beside, is_cancelled, isolated
from application.turns.compare_questions import CompareQuestions
from application.turns.generate_answer import GenerateAnswer
from application.turns.post_turn import PostTurn
from application.turns.prepare_turn import PreparedTurn, cache_hit
from application.turns.read_attachments import ReadAttachments
from application.turns.retrieve_passages import RetrievePassages
from application.turns.reuse_answer import ReuseAnswer
from application.turns.running_turn import RunningTurn
from application.turns.turn_log import Fenced
from domain.incident.events import Cause
from domain.refusals import Internal, ModelRefused, ModelUnavailable, PiiBlocked, Refusal
from domain.session import events as e

WAIT_FOR_EQUAL_S = 20.0
log = structlog.get_logger()


def unheard(live: LiveSession) -> None:
    """Nobody asks which turns begin."""


@dataclass(frozen=True, slots=True)
class TurnExecutor:
    """Owns the tasks of turns and sees their end, whoever watches. `turn_s` is how long one may take; `begun` hears of
    each."""

    permits: TurnPermits
    cache: AnswerCache
    retrieve: RetrievePassages
    generate: GenerateAnswer
    reuse: ReuseAnswer
    follow_up: PostTurn
    attachments: ReadAttachments
    incidents: RaiseIncident
    compare: CompareQuestions
    turn_s: float
    begun: Callable[[LiveSession], None] = unheard
    tasks: TaskSet = field(default_factory=partial(TaskSet, "turn"))

    def start(self, prepared: PreparedTurn) -> None:
        """Run a turn that is stored and has a permit; that is given back when the turn has ended."""
        run = prepared.run
        run.begin()
        self.tasks.start(self._execute(run, prepared))
        self.begun(run.live)

    async def make_up(self, prepared: PreparedTurn, answer: str) -> None:
        """Begin what follows a turn that was completed elsewhere with this answer; to be done `whole`."""
        run = prepared.run
        run.outcome.text, run.outcome.completed, run.outcome.ended = answer, True, True
        plan = self.generate.plan(run, prepared, None)
        if plan.plan.after:
            self.follow_up.begin(run, plan)
        else:
            await run.log.follow_up_within(())

    async def join(self, timeout_s: float) -> None:
        """Wait until no turn runs, or the time is up."""
        await self.tasks.join(timeout_s)

    async def end(self, timeout_s: float) -> None:
        """Cancel the turns that run and what follows those that have ended, and see them end."""
        await asyncio.gather(self.tasks.end(timeout_s), self.follow_up.end(timeout_s))

    async def _execute(self, run: RunningTurn, prepared: PreparedTurn) -> None:
        caller = run.log.caller
        async with AsyncExitStack() as ending:
            ending.push_async_callback(self.permits.leave, caller.tenant, caller.user, caller.turn)
            with ExitStack() as afterwards:
                try:
                    await self._to_its_end(run, prepared, afterwards)
                finally:
                    await _leave(run)

    async def _to_its_end(self, run: RunningTurn, prepared: PreparedTurn, afterwards: ExitStack) -> None:
        """Whatever goes wrong, the turn ends honestly or belongs to somebody else."""
        try:
            async with asyncio.timeout(self.turn_s):
                await self._answer(run, prepared, afterwards)
        except TimeoutError:
            await self._fail(run, ModelUnavailable(f"The turn took longer than {self.turn_s:.0f} s."))
        except Fenced:
            run.give_up()
        except ModelFailure as failure:
            await self._fail(run, _refusal_of(failure))
            if failure.kind is not FailureKind.INVALID_REQUEST:
                self._report(run, "models_down")
        except PiiBlocked as refusal:
            await self._fail(run, refusal)
            self._report(run, "private_value_blocked")
        except Refusal as refusal:
            await self._fail(run, refusal)
        except BaseException as error:  # whatever a part of it raises, the turn has an end
            if is_cancelled(error) or isinstance(error, GIVES_WAY):
                raise
            log.error("turn_broke", turn=run.turn_id, tenant=run.live.id.tenant, exc_info=error)
            await self._fail(run, Internal())

    async def _answer(self, run: RunningTurn, prepared: PreparedTurn, afterwards: ExitStack) -> None:
        if prepared.refusal is not None:
            raise prepared.refusal
        if prepared.hit is not None:
            return await self.reuse.repeat(run, prepared.hit)
        vector = await self.retrieve.vector(run, prepared)
        if (question := prepared.question) is None:
            await self._generate(run, prepared, vector, afterwards)
            return None
        found = await self.cache.semantic(question, vector)
        if found.hit and not run.ended:
            return await self._repeat(run, found.hit)
        if run.may_depend.audience != "tenant":  # then it is likely that nobody else gets the answer: no use to wait
            return await self._make(run, prepared, question, vector, afterwards, found.candidates)
        async with self.cache.leading(question, WAIT_FOR_EQUAL_S) as answered:
            if answered is None:
                await self._make(run, prepared, question, vector, afterwards, found.candidates)
            elif not run.ended:
                await self._repeat(run, answered)
        return None

    async def _repeat(self, run: RunningTurn, hit: Hit) -> None:
        run.log.note(cache_hit(run.turn_id, hit))
        await self.reuse.repeat(run, hit)

    async def _make(
        self,
        run: RunningTurn,
        prepared: PreparedTurn,
        question: Question,
        vector: list[float] | None,
        afterwards: ExitStack,
        candidates: Sequence[Candidate],
    ) -> None:
        """An answer that neither cache had, kept for whom it may be given again to."""
        if run.ended:
            return
        if not candidates:
            run.log.note(e.CacheMissed(turn_id=run.turn_id))
        if await self._generate(run, prepared, vector, afterwards, candidates):
            await self.reuse.keep(run, question, vector)

    async def _generate(
        self,
        run: RunningTurn,
        prepared: PreparedTurn,
        vector: list[float] | None,
        afterwards: ExitStack,
        candidates: Sequence[Candidate] = (),
    ) -> bool:
        """Whether an answer was made, and none of the candidates served."""
        nothing = nullcontext(NOTHING_ATTACHED)
        async with self.attachments.reading(run) if run.request.attached else nothing as attached:
            plan = self.generate.plan(run, prepared, vector, attached)
            run.outcome.follows = bool(plan.plan.after)
            if not candidates:
                afterwards.callback(self.follow_up.begin, run, plan)
                await self.generate(run, plan, plan.before())
                return True
            async with beside(plan.before()) as before:
                if hit := await self.compare(run, run.request.text, candidates):
                    run.outcome.follows = False
                    await self._repeat(run, hit)
                    return False
                run.log.note(e.CacheMissed(turn_id=run.turn_id))
                afterwards.callback(self.follow_up.begin, run, plan)
                await self.generate(run, plan, before)
        return True

    async def _fail(self, run: RunningTurn, refusal: Refusal) -> None:
        with isolated("turn_end", turn=run.turn_id), suppress(Fenced):
            await run.fail(refusal)
        run.give_up()

    def _report(self, run: RunningTurn, cause: Cause) -> None:
        """Raise an incident of it, with the turn as it has ended."""
        live = run.live
        self.incidents.by_policy(
            live.id.tenant, cause, session_id=live.id.id, turn_id=run.turn_id, upto=live.held.version
        )


async def _leave(run: RunningTurn) -> None:
    run.leave()
    with isolated("turn_settlement", turn=run.turn_id):
        await run.log.settle()
    with isolated("session_snapshot", session=run.live.id.id):
        await run.live.snapshot()


def _refusal_of(failure: ModelFailure) -> Refusal:
    """What the user is told: nothing of the provider but whether waiting helps."""
    if failure.kind is FailureKind.INVALID_REQUEST:
        return ModelRefused()
    busy = class_of(failure) is BUSY
    return ModelUnavailable(retry_after_s=5 if busy else 1)
