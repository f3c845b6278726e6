"""An answer that arrives although a model fails: retried, or continued by the next model, or begun anew and said so."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # spreads retries; nothing depends on it
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from application.gateway.call_log import Journal
from application.gateway.continuation import Joint, continues
from application.gateway.failure_policy import treatment_of
from application.gateway.health import Health
from application.gateway.model_attempt import Attempt
from application.gateway.model_request import FailoverBegun, GatewayEvent, ModelRequest, Restarted, Routed
from application.gateway.router import Route
from application.ports.models.model import FailureKind, ModelFailure, TextDelta

RETRY_S = (0.1, 0.4)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failover:
    """Goes through the routes of a call until one has brought the answer to its end."""

    attempt: Attempt
    health: Health
    retry_s: tuple[float, float] = RETRY_S

    async def stream(
        self, ask: ModelRequest, routes: list[Route], journal: Journal
    ) -> AsyncGenerator[GatewayEvent, None]:
        """Stream the answer. `ModelFailure` with the last failure when every route has failed."""
        self.health.retries.earn()
        answer = _Answer(ask)
        for route in routes:
            if not self.health.breaker(route.model).allows():
                answer.skipped(route)
                self.health.passed_over(route.model, journal.caller.tenant)
                continue
            if answer.left is not None:
                yield answer.fail_over(route)
            if answer.said and not continues(route.model):
                yield answer.restart("resumed" if answer.left is None else "failover")
            if answer.skipping:
                route = Route(route.model, "breaker:open")
            async with aclosing(self._on(route, answer, journal)) as events:
                async for event in events:
                    yield event
            if answer.done:
                return
            answer.left = route
        raise answer.failure or ModelFailure(FailureKind.BREAKER_OPEN, "every model that could answer is failing")

    async def _on(self, route: Route, answer: _Answer, journal: Journal) -> AsyncGenerator[GatewayEvent, None]:
        """The answer from one model, with its one retry; it is over without being done when that model cannot."""
        yield Routed(route.model, route.reason)
        while True:
            began_with = answer.said
            try:
                async with aclosing(self.attempt.stream(answer.ask, route, answer.said, journal)) as events:
                    joint = Joint(answer.said)
                    async for event in events:
                        if isinstance(event, TextDelta):
                            event = TextDelta(joint.join(event.text))
                            answer.said += event.text
                            if not event.text:
                                continue
                        yield event
            except ModelFailure as failure:
                self._note(failure, route, answer, journal)
                if refused_to_continue(failure, began_with):
                    yield answer.restart("failover")
                elif not await self._again(failure, answer):
                    return
                if not self.health.breaker(route.model).allows():
                    return
            else:
                answer.done = True
                return

    def _note(self, failure: ModelFailure, route: Route, answer: _Answer, journal: Journal) -> None:
        treatment = treatment_of(failure)
        say = log.error if treatment.alarm else log.warning
        say("model_failed", model=route.model, code=failure.code, step=answer.ask.step, tenant=journal.caller.tenant)
        answer.failure = failure
        if journal.ended or not (treatment.fail_over or refused_to_continue(failure, answer.said)):
            raise failure

    async def _again(self, failure: ModelFailure, answer: _Answer) -> bool:
        """Whether to try the same model once more, after a short pause of uneven length."""
        if answer.retried or answer.said or failure.started or not treatment_of(failure).retry:
            return False
        if not self.health.retries.take():
            return False
        answer.retried = True
        await asyncio.sleep(random.uniform(*self.retry_s))
        return True


def refused_to_continue(failure: ModelFailure, said: str) -> bool:
    """The model was given a beginning and found the prompt invalid: it may still answer from the start."""
    return failure.kind is FailureKind.INVALID_REQUEST and bool(said) and not failure.started


class _Answer:
    """What is known of an answer over all attempts at it."""

    def __init__(self, ask: ModelRequest) -> None:
        self.ask = ask
        self.said = ask.said
        self.done = self.retried = self.skipping = False
        self.left: Route | None = None
        self.failure: ModelFailure | None = None

    def skipped(self, route: Route) -> None:
        """A model whose breaker is open is passed over; the answer fails over from it only if it had begun there."""
        self.skipping = self.left is None

    def fail_over(self, route: Route) -> FailoverBegun:
        """What is told to who listens."""
        assert self.left is not None and self.failure is not None, "there was an attempt before"
        self.retried = False
        return FailoverBegun(self.left.model, route.model, self.failure.code)

    def restart(self, reason: str) -> Restarted:
        """Begin anew."""
        self.said = ""
        return Restarted(reason)
