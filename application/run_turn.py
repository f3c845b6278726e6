"""Runs one turn by its plan: finds passages, says the answer, and ends it exactly once, whoever watches."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from application.answer import Answering
from application.citations import CitationReader
from application.ports.model import ModelFailure
from application.retrieve import Retrieve
from application.turn_run import Fenced, TurnRun
from domain.event import Event
from domain.model_calls import ModelCallStarted
from domain.refusals import Conflict, Internal, ModelUnavailable, Refusal

RETRY_END_S = (0.5, 1.0, 2.0, 4.0, 8.0)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TurnRunner:
    """Runs turns by their plan. `turn_s` is how long one may take."""

    retrieve: Retrieve
    answer: Answering
    turn_s: float

    async def opening(self, run: TurnRun, text: str) -> list[Event]:
        """Facts that can share the commit of `turn.started`: the first call, where it is known already."""
        started = await self.retrieve.started(run, text)
        return [started] if started else []

    async def __call__(self, run: TurnRun, opening: ModelCallStarted | None) -> None:
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
        except Exception:
            log.exception("turn_broke", turn=run.turn_id, tenant=run.caller.tenant)
            await self._give_up(run, Internal())
        finally:
            await self._leave(run)

    async def _run(self, run: TurnRun, opening: ModelCallStarted | None) -> None:
        turn = run.live.state.turn(run.turn_id)
        if turn is None:
            raise Fenced
        passages = await self.retrieve(run, turn, opening)
        run.citations = CitationReader(passages)
        if run.ended:
            return
        truncated = await self.answer(run, turn, passages)
        if not run.ended:
            await run.complete(truncated=truncated)

    async def _give_up(self, run: TurnRun, refusal: Refusal) -> None:
        for pause in RETRY_END_S:
            try:
                return await run.fail(refusal)
            except (Fenced, Conflict):
                run.ended = True
                return None
            except Refusal:
                await asyncio.sleep(pause)
        # Nothing can be stored now. The lease is no longer renewed, and whoever can store then takes the turn over.
        run.ended = True
        log.error("turn_end_not_stored", turn=run.turn_id)
        return None

    async def _leave(self, run: TurnRun) -> None:
        if run.live.run is run:
            run.live.run = None
        try:
            await run.settle()
            await run.live.snapshot()
        except Refusal:
            log.exception("turn_not_settled", turn=run.turn_id)


def _refusal_of(failure: ModelFailure) -> Refusal:
    """What the user is told: nothing of the provider but whether waiting helps."""
    if failure.code == "ValidationException":
        return ModelUnavailable("The model did not accept this conversation.")
    return ModelUnavailable(retry_after_s=5 if failure.code in ("ThrottlingException", "BreakerOpen") else 1)
