"""Runs one turn by its plan, from a cache or by models, and ends it exactly once, whoever watches."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import structlog

from application.answer_cache.answer_cache import AnswerCache, Hit
from application.answer_cache.cacheability import may_keep, pieces
from application.clock import now
from application.plan.citations import KeptCitations
from application.ports.answer_cache import CachedAnswer, Question
from application.ports.model import ModelFailure
from application.ports.tenants import Tenants
from application.redaction.redactor import Redactor
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession
from application.tasks import GIVES_WAY, is_cancelled, isolated
from application.turns.generate_answer import GenerateAnswer
from application.turns.post_turn import PostTurn
from application.turns.prepare_turn import PreparedTurn, PrepareTurn, cache_hit
from application.turns.retrieve_passages import RetrievePassages
from application.turns.running_turn import AssistantConfig, Fenced, RunningTurn, TurnRequest
from domain.refusals import Internal, ModelUnavailable, Refusal
from domain.session import events as e

WAIT_FOR_EQUAL_S = 20.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TurnExecutor:
    """Runs turns. `turn_s` is how long one may take."""

    tenants: Tenants
    opening: PrepareTurn
    cache: AnswerCache
    retrieve: RetrievePassages
    make_answer: GenerateAnswer
    after_turn: PostTurn
    turn_s: float

    async def begin(self, live: LiveSession, asker: TurnRequest) -> RunningTurn:
        """A turn with its assistant's rules; `AssistantNotFound`."""
        name = live.state.assistant
        assistant, version = await self.tenants.assistant(live.id.tenant, name)
        tenant = await self.tenants.settings(live.id.tenant)
        setting = AssistantConfig(name=name, assistant=assistant, version=version, tenant=tenant)
        return RunningTurn(live, asker, setting, Redactor(self.opening.detector, assistant.pii))

    async def __call__(self, run: RunningTurn, opening: PreparedTurn) -> None:
        """Run to the end. Never raises: whatever goes wrong, the turn ends honestly or belongs to somebody else."""
        try:
            async with asyncio.timeout(self.turn_s):
                await self._run(run, opening)
        except TimeoutError:
            await self._give_up(run, ModelUnavailable(f"The turn took longer than {self.turn_s:.0f} s."))
        except Fenced:
            run.ended = True
        except ModelFailure as failure:
            await self._give_up(run, _refusal_of(failure))
        except Refusal as refusal:
            await self._give_up(run, refusal)
        except BaseException as error:  # whatever a part of it raises, the turn has an end
            if is_cancelled(error) or isinstance(error, GIVES_WAY):
                raise
            log.error("turn_broke", turn=run.turn_id, tenant=run.caller.tenant, exc_info=error)
            await self._give_up(run, Internal())
        finally:
            await self._leave(run)

    async def _run(self, run: RunningTurn, opening: PreparedTurn) -> None:
        if opening.refusal is not None:
            raise opening.refusal
        if opening.hit is not None:
            return await self._repeat(run, opening.hit)
        vector = await self.retrieve.vector(run, opening)
        if opening.question is None:
            return await self.make_answer(run, opening, vector)
        if (hit := await self.cache.semantic(opening.question, vector)) and not run.ended:
            run.note(cache_hit(run.turn_id, hit))
            return await self._repeat(run, hit)
        if run.may_depend.audience != "tenant":  # then it is likely that nobody else gets the answer: no use to wait
            return await self._make(run, opening, opening.question, vector)
        async with self.cache.leading(opening.question, WAIT_FOR_EQUAL_S) as answered:
            if answered is None:
                return await self._make(run, opening, opening.question, vector)
            if not run.ended:
                run.note(cache_hit(run.turn_id, answered))
                return await self._repeat(run, answered)
        return None

    async def _make(
        self, run: RunningTurn, opening: PreparedTurn, question: Question, vector: list[float] | None
    ) -> None:
        """An answer that neither cache had, kept for whom it may be given again to."""
        if run.ended:
            return
        run.note(e.CacheMissed(turn_id=run.turn_id))
        await self.make_answer(run, opening, vector)
        keep = run.completed and run.text and may_keep(run.audience, question.scope)
        if keep and not await self.opening.holds_private(run):
            await self.cache.store(question, vector, kept_answer(run))

    async def _repeat(self, run: RunningTurn, hit: Hit) -> None:
        """An answer that was given before streams like a new one."""
        run.show(
            f.CacheHit(
                layer=hit.layer, age_s=hit.age_s, saved_usd=f"{hit.saved_usd:f}", similarity=round(hit.similarity, 4)
            )
        )
        run.model, run.citations = hit.answer.model, KeptCitations(hit.answer.citations)
        for piece in pieces(hit.answer.text):
            run.say(piece)
        run.finish_reason = "stop"  # nothing else is kept
        await run.complete(cached=hit.layer)

    async def _give_up(self, run: RunningTurn, refusal: Refusal) -> None:
        with isolated("turn_end", turn=run.turn_id), suppress(Fenced):
            await run.fail(refusal)
        run.ended = True

    async def _leave(self, run: RunningTurn) -> None:
        if run.live.run is run:
            run.live.run = None
        with isolated("turn_settlement", turn=run.turn_id):
            await run.settle()
        with isolated("session_snapshot", session=run.live.id.id):
            await run.live.snapshot()
        self.after_turn.begin(run)


def kept_answer(run: RunningTurn) -> CachedAnswer:
    """The answer of a completed turn, for the caches."""
    turn = run.live.state.turn(run.turn_id)
    return CachedAnswer(
        text=run.text,
        session=run.live.id.id,
        turn=run.turn_id,
        at=now(),
        citations=tuple(run.citations.found.values()),
        model=run.model,
        usage=run.spent.usage,
        cost_usd=run.spent.cost_usd,
        ms=turn.ms if turn else 0,
        ttft_ms=turn.ttft_ms if turn else 0,
    )


def _refusal_of(failure: ModelFailure) -> Refusal:
    """What the user is told: nothing of the provider but whether waiting helps."""
    if failure.code == "ValidationException":
        return ModelUnavailable("The model did not accept this conversation.")
    return ModelUnavailable(retry_after_s=5 if failure.code in ("ThrottlingException", "BreakerOpen") else 1)
