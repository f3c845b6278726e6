"""One call to one model: reserved, started in the ledger before it leaves, settled however it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from application.budget.balance import Level
from application.budget.call_reservations import Reservation
from application.clock import monotonic, new_id, now
from application.gateway.call_log import Journal
from application.gateway.continuation import prefill
from application.gateway.health import Health
from application.gateway.model_request import ModelRequest
from application.gateway.router import Route
from application.ports.models.model import (
    Finished,
    LanguageModel,
    Message,
    ModelCall,
    ModelEvent,
    ModelFailure,
    PromptCacheTtl,
    Text,
    TextDelta,
)
from application.ports.tenants.tenants import Tenants
from domain.model_calls import ModelCallStarted, TokensUsed, settle
from domain.tenant.rules import price_at
from domain.usage import Usage, estimate_tokens

LEAST_TOKENS = 64


class CallBudget(Protocol):
    """What a call takes is set aside before it leaves, and settled afterwards: see `BudgetGate`."""

    async def reserve(self, tenant: str, user: str, started: ModelCallStarted) -> Reservation:
        """BudgetExceeded or RateLimited, with when to come back."""
        ...

    async def settle(self, reservation: Reservation, used: TokensUsed) -> None:
        """Put the truth in place of the estimate."""
        ...

    async def release(self, reservation: Reservation) -> None:
        """The call never left."""
        ...

    def level(self, tenant: str, user: str = "") -> Level:
        """How much of the money is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """Makes single calls. The budget's reservation goes around each of them."""

    model: LanguageModel
    health: Health
    budget: CallBudget
    tenants: Tenants
    cache: PromptCacheTtl = "5m"

    async def stream(
        self, ask: ModelRequest, route: Route, said: str, journal: Journal
    ) -> AsyncGenerator[ModelEvent, None]:
        """Stream the answer, or the rest of one of which `said` is known. `ModelFailure` when it breaks off."""
        call = _call(ask, route, said, journal, self.cache)
        started = await self._started(ask, call, journal)
        reservation = await self._begin(started, journal)
        began, first = monotonic(), 0.0
        settled: TokensUsed | None = None
        shown = 0
        try:
            async with aclosing(self.model.stream(call)) as events:
                async for event in events:
                    first = first or monotonic() - began
                    if isinstance(event, TextDelta):
                        shown += len(event.text)
                    elif isinstance(event, Finished):
                        watched_ms = max(1, round(first * 1000)) if ask.links is not None else 0
                        settled = settle(started, event.usage, estimated=event.estimated, first_token_ms=watched_ms)
                        journal.note(settled)
                        self._succeeded(route.model, first, ask.first_token_s)
                    yield event
        except ModelFailure as failure:
            settled = _failed(started, failure, shown)
            journal.note(settled)
            self.health.failed(route.model, failure)
            raise
        finally:
            if settled is None:
                self.health.breaker(route.model).forget()
                settled = settle(started, _estimate(started, shown), estimated=True, failure="Abandoned")
                journal.note(settled)
            await self.budget.settle(reservation, settled)

    async def _started(self, ask: ModelRequest, call: ModelCall, journal: Journal) -> ModelCallStarted:
        own = price_at(await self.tenants.settings(journal.caller.tenant), call.model, now())
        return ModelCallStarted(
            call_id=call.call_id,
            step=ask.step,
            model=call.model,
            user=journal.caller.user,
            turn_id=journal.caller.turn,
            estimate=Usage(input_tokens=ask.input_tokens, output_tokens=call.max_tokens),
            agreed=own.price if own else None,
            price_version=own.version if own else "",
        )

    async def _begin(self, started: ModelCallStarted, journal: Journal) -> Reservation:
        """Set aside what the call takes, and store that it leaves. What stops it here says nothing of the model."""
        reservation: Reservation | None = None
        try:
            reservation = await self.budget.reserve(journal.caller.tenant, journal.caller.user, started)
            await journal.record([started])
        except BaseException:
            self.health.breaker(started.model).forget()
            if reservation is not None:
                await self.budget.release(reservation)
            raise
        return reservation

    def _succeeded(self, model: str, first_s: float, deadline_s: float) -> None:
        self.health.heard(model, first_s)
        self.health.succeeded(model, first_s, deadline_s)


def _call(ask: ModelRequest, route: Route, said: str, journal: Journal, cache: PromptCacheTtl) -> ModelCall:
    call_id = new_id()
    begun = prefill(said)
    messages = (*ask.messages, Message("assistant", (Text(begun),))) if begun else ask.messages
    return ModelCall(
        call_id=call_id,
        model=route.model,
        system=ask.system,
        messages=messages,
        max_tokens=max(LEAST_TOKENS, ask.max_tokens - estimate_tokens(begun)),
        metadata=journal.caller.metadata(call_id, ask.step),
        tools=ask.tools,
        first_token_s=ask.first_token_s,
        idle_s=ask.idle_s,
        cache=cache,
        stable_messages=ask.stable_messages,
    )


def _failed(started: ModelCallStarted, failure: ModelFailure, shown: int) -> TokensUsed:
    """Refused before it began: nothing is billed. Lost in the middle or unheard of: an estimate stands."""
    if failure.refused:
        return settle(started, Usage(), failure=failure.code)
    return settle(started, _estimate(started, shown), estimated=True, failure=failure.code)


def _estimate(started: ModelCallStarted, shown: int) -> Usage:
    return Usage(input_tokens=started.estimate.input_tokens, output_tokens=(shown + 3) // 4)
