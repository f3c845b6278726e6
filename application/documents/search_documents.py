"""A member searches the tenant's documents: by meaning, by words, or by both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from application.clock import new_id, now
from application.documents.readable_documents import ReadableDocuments
from application.execute import FACTS, Context, LoadedAggregate
from application.gateway.embedding import embed, start_embedding
from application.ports.documents.corpus import PassageSearch
from application.ports.facts.event_store import EventStore
from application.ports.models.model import Embedder
from application.ports.tenants.tenants import Tenants
from application.redaction.embeddable import Embeddable
from domain.access import Principal
from domain.refusals import DependencyUnavailable, InvalidCharacter, InvalidField, InvalidRange
from domain.session.events import Passage
from domain.tenant.readable import narrowed
from domain.tenant.rules import price_at

By = Literal["both", "meaning", "words"]
T = TypeVar("T")
MOST = 50
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class SearchDocumentsHandler:
    """Finds passages; the embedding of the question is the tenant's cost, on a stream of its own. It takes `within_s`
    seconds at most, of which the model has half."""

    store: EventStore
    corpus: PassageSearch
    embedder: Embedder
    embeddable: Embeddable
    tenants: Tenants
    collections: ReadableDocuments
    within_s: float = 4.0

    async def __call__(
        self, principal: Principal, query: str, k: int, by: By = "both", collections: Sequence[str] = ()
    ) -> list[Passage]:
        """The `k` best passages of what the caller may read (of these collections, if any are named), best first.
        Without a model, or one that is silent, words alone decide, rather than nothing. `DependencyUnavailable` when
        the documents cannot be asked in time."""
        _check(query, k)
        tenant = principal.tenant
        among = narrowed(await self.collections.of(principal), collections)
        if not await self._in_time(self.corpus.count_passages(tenant)):
            return []
        if by == "words":
            return await self._in_time(self.corpus.search(tenant, query, None, k, among))
        calls, context = LoadedAggregate(self.store, f"{tenant}/search/{new_id()}", FACTS), Context(principal.user)
        text = await self.embeddable(tenant, query)
        own = price_at(await self.tenants.settings(tenant), self.embedder.model, now())
        started = start_embedding(self.embedder, text, principal.user, own=own)
        await calls.append([started], context)
        embedded = await embed(self.embedder, text, started, deadline_s=self.within_s / 2)
        words = query if by == "both" or embedded.vector is None else ""
        found, _ = await asyncio.gather(
            self._in_time(self.corpus.search(tenant, words, embedded.vector, k, among)),
            calls.append([embedded.settled], context),
        )
        return found

    async def _in_time(self, asked: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self.within_s / 2):
                return await asked
        except TimeoutError:
            raise DependencyUnavailable("The search took too long.", retry_after_s=1) from None


def _check(query: str, k: int) -> None:
    if not query.strip():
        raise InvalidField("The query has no text.")
    if len(query) > LONGEST:
        raise InvalidField(f"The query is longer than {LONGEST} characters.")
    if "\x00" in query or any("\ud800" <= character <= "\udfff" for character in query):
        raise InvalidCharacter
    if not 1 <= k <= MOST:
        raise InvalidRange(f"k is from 1 to {MOST}.")
