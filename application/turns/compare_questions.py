"""Asks a model whether two questions are one, so that a kept answer may serve who asks in other words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from application.answer_cache.answer_cache import Candidate, Hit
from application.clock import monotonic
from application.gateway.gateway import Gateway
from application.plan.step_request import DATA, StepReply, StepRequest
from application.ports.models.model import Message, ModelFailure, Text
from application.redaction.quoting import FENCE
from application.turns.gateway_step_model import GatewayStepModel
from application.turns.running_turn import RunningTurn
from application.turns.step_reply_cache import StepReplyCache
from domain.refusals import Conflict, Refusal
from domain.session.events import StepRun

SAME_QUESTION = "same_question"
WITHIN_S = 2.0
"""For all comparisons of a turn. They run beside what comes before the answer, which waits for them no longer."""
MOST = 2
"""Candidates that are compared, one after the other."""
PROMPT = """Two people asked the same assistant, A and B. Say whether whoever answers one has answered the other, in \
full and with nothing to change. Another number, date, name, place, product, condition, direction or person makes them \
two questions; so does one that asks for more, for less or for the contrary. In doubt they are two. Other words, \
another order or another language alone make no difference.
Reply with one word: yes or no."""


@dataclass(frozen=True, slots=True)
class CompareQuestions:
    """Each pair is compared twice at once, once in each order, and is one only if both say so: models lean to what
    stands first or last. A reply is kept and serves whoever brings the same pair."""

    gateway: Gateway
    kept: StepReplyCache

    async def __call__(self, run: RunningTurn, asked: str, candidates: Sequence[Candidate]) -> Hit | None:
        """The hit of the first candidate that is the same question, less what this turn has spent so far; None when
        there is none, in time or at all. Raises only what ends the turn itself."""
        until = monotonic() + WITHIN_S
        for candidate in candidates[:MOST]:
            if await self._are_one(run, candidate.question, asked, until - monotonic()):
                hit = candidate.hit
                saved = max(Decimal(0), hit.saved_usd - run.outcome.spent.cost_usd)
                return None if run.ended else msgspec.structs.replace(hit, saved_usd=saved)
        return None

    async def _are_one(self, run: RunningTurn, kept: str, asked: str, within_s: float) -> bool:
        if within_s <= 0:
            return False
        began, steps = monotonic(), GatewayStepModel(self.gateway, run)
        steps.show(SAME_QUESTION, "started", "", "", 0)
        replies = await asyncio.gather(
            self._reply(run, steps, kept, asked, within_s),
            self._reply(run, steps, asked, kept, within_s),
        )
        same, last, ms = all(map(_says_yes, replies)), replies[-1], round((monotonic() - began) * 1000)
        run.log.note(
            StepRun(
                turn_id=run.turn_id,
                step=SAME_QUESTION,
                model=last.model,
                reason=last.reason,
                ms=ms,
                result='"yes"' if same else '"no"',
            )
        )
        steps.show(SAME_QUESTION, "finished", last.model, last.reason, ms)
        return same

    async def _reply(
        self, run: RunningTurn, steps: GatewayStepModel, first: str, second: str, within_s: float
    ) -> StepReply:
        """What the model says of a pair in this order; an empty reply when it says nothing in time."""
        ask = request_of(first, second, within_s)
        try:
            async with asyncio.timeout(within_s):
                return await self.kept.reply(run, ask, lambda: steps.complete(ask), _is_one_word)
        except TimeoutError:
            return StepReply("", reason="default:timeout")
        except ModelFailure as failure:
            return StepReply("", reason=f"default:{failure.code}")
        except Conflict:
            raise
        except Refusal as refusal:
            return StepReply("", reason=f"default:{refusal.code}")


def request_of(first: str, second: str, within_s: float = WITHIN_S) -> StepRequest:
    """The two questions on a line each, as data."""
    pair = f"A: {' '.join(first.split())}\nB: {' '.join(second.split())}\n"
    return StepRequest(
        step=SAME_QUESTION,
        tier="fast",
        system=(f"{PROMPT}\n\n{DATA}",),
        messages=(Message("user", (FENCE[0], Text(pair), FENCE[1])),),
        max_tokens=4,
        timeout_s=within_s,
    )


def _word(reply: StepReply) -> str:
    return reply.text.strip().strip(".!\"'*").casefold()


def _says_yes(reply: StepReply) -> bool:
    return _word(reply) == "yes"


def _is_one_word(_: StepRequest, reply: StepReply) -> bool:
    return _word(reply) in ("yes", "no")
