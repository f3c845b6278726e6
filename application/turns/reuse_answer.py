"""Answers that are given again: a kept one streams like a new one, and a new one is kept for whom it may serve."""

from __future__ import annotations

from dataclasses import dataclass

from application.answer_cache.answer_cache import AnswerCache, Hit
from application.answer_cache.cacheability import may_keep, pieces
from application.clock import now
from application.plan.citations import KeptCitations
from application.ports.models.answer_cache import CachedAnswer, Question
from application.ports.models.detector import Detector
from application.redaction.redactor import irreversible
from application.sessions import feed_frames as f
from application.turns.running_turn import RunningTurn


@dataclass(frozen=True, slots=True)
class ReuseAnswer:
    """A turn's dealings with the caches of answers."""

    cache: AnswerCache
    detector: Detector

    async def repeat(self, run: RunningTurn, hit: Hit) -> None:
        """Complete a turn with an answer that was given before."""
        output, outcome, answer = run.output, run.outcome, hit.answer
        if outcome.text:  # an earlier process had begun another one
            output.reset("resumed")
        output.show(
            f.ServedFromCache(
                layer=hit.layer, age_s=hit.age_s, saved_usd=f"{hit.saved_usd:f}", similarity=round(hit.similarity, 4)
            )
        )
        outcome.model = answer.model
        output.quote(KeptCitations(answer.citations))
        for piece in pieces(answer.text):
            output.say(piece)
        outcome.finish_reason = "stop"  # nothing else is kept
        await run.complete(cached=hit.layer)

    async def keep(self, run: RunningTurn, question: Question, vector: list[float] | None) -> None:
        """Keep the answer of a turn for whom it may be given again to."""
        outcome = run.outcome
        fit = outcome.completed and outcome.text and may_keep(outcome.audience, question.scope)
        if fit and not await self._holds_private(run):
            await self.cache.store(question, vector, kept_answer(run))

    async def _holds_private(self, run: RunningTurn) -> bool:
        """Whether the conversation or a tool brought private values into a turn. What stands in the tenant's documents
        is not private to who asks."""
        if run.live.state.long_past:
            return True  # what was said long ago is not remembered
        earlier = [turn for turn in run.live.state.latest if turn.turn_id != run.turn_id]
        said, policy = [text for turn in earlier for text in (turn.text, turn.answer)], run.config.assistant.pii
        for text in (*said, *run.outcome.tool_outputs):
            if await irreversible(text, self.detector, policy) != text:
                return True
        return False


def kept_answer(run: RunningTurn) -> CachedAnswer:
    """The answer of a completed turn, for the caches."""
    turn, outcome = run.stored, run.outcome
    return CachedAnswer(
        text=outcome.text,
        session=run.live.id.id,
        turn=run.turn_id,
        at=now(),
        citations=tuple(outcome.citations.found.values()),
        model=outcome.model,
        usage=outcome.spent.usage,
        cost_usd=outcome.spent.cost_usd,
        ms=turn.ms if turn else 0,
        ttft_ms=turn.ttft_ms if turn else 0,
    )
