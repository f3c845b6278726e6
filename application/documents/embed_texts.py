"""A member's own texts to vectors, by the model that reads the tenant's documents: counted, and paid by the tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from application.budget.call_reservations import Reservation
from application.clock import new_id, now
from application.execute import FACTS, Context, LoadedAggregate
from application.gateway.embedding import LONGEST, Embedded, embed, start_embedding
from application.ports.facts.event_store import EventStore
from application.ports.models.model import Embedder
from application.ports.tenants.tenants import Tenants
from application.redaction.embeddable import Embeddable
from domain.access import Principal
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import InvalidField, ModelUnavailable
from domain.tenant.rules import price_at

MOST_TEXTS = 256
AT_ONCE = 8
WITHIN_S = 10.0


class Purse(Protocol):
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


class EmbeddedTexts(msgspec.Struct, frozen=True):
    """A vector for each text, and the tokens that they took in all."""

    vectors: list[list[float]]
    tokens: int


@dataclass(frozen=True, slots=True)
class EmbedTextsHandler:
    """Private values stay here, as with documents: the rules of the assistant `default` hold. The calls stand on a
    stream of their own, all told before the first leaves. `_places` are those of the whole process."""

    store: EventStore
    embedder: Embedder
    embeddable: Embeddable
    budget: Purse
    tenants: Tenants
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(self, principal: Principal, texts: Sequence[str]) -> EmbeddedTexts:
        """All of them or none: what was paid for until one failed stays paid for. BudgetExceeded, RateLimited;
        ModelUnavailable when the model fails."""
        check_texts(texts)
        tenant = principal.tenant
        calls = LoadedAggregate(self.store, f"{tenant}/embeddings/{new_id()}", FACTS)
        sent = [await self.embeddable(tenant, text) for text in texts]
        own = price_at(await self.tenants.settings(tenant), self.embedder.model, now())
        started = [start_embedding(self.embedder, text, principal.user, own=own) for text in sent]
        reserved = list[Reservation]()
        try:
            for call in started:
                reserved.append(await self.budget.reserve(tenant, principal.user, call))
            await calls.append(started, Context(principal.user))
        except BaseException:
            for reservation in reserved:
                await self.budget.release(reservation)
            raise
        made = await asyncio.gather(*map(self._one, sent, started, reserved))
        await calls.append([one.settled for one in made], Context(principal.user))
        return _whole(made)

    async def _one(self, text: str, started: ModelCallStarted, reservation: Reservation) -> Embedded:
        async with self._places:
            embedded = await embed(self.embedder, text, started, deadline_s=WITHIN_S)
        await self.budget.settle(reservation, embedded.settled)
        return embedded


def check_texts(texts: Sequence[str]) -> None:
    """InvalidField unless each of them can be read whole by the model."""
    if not 1 <= len(texts) <= MOST_TEXTS:
        raise InvalidField(f"input: 1 to {MOST_TEXTS} texts at a time")
    if any(not text.strip() or len(text) > LONGEST for text in texts):
        raise InvalidField(f"input: each text has 1 to {LONGEST} characters")


def _whole(made: Sequence[Embedded]) -> EmbeddedTexts:
    vectors, tokens = list[list[float]](), 0
    for one in made:
        if one.vector is None:
            raise ModelUnavailable(retry_after_s=1)
        vectors.append(one.vector)
        tokens += one.settled.usage.input_tokens
    return EmbeddedTexts(vectors, tokens)
