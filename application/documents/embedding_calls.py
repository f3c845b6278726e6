"""The embedding calls of one document: each a fact before it leaves, their settlements stored with what comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from application.clock import now
from application.documents.stages import stage
from application.execute import Context, LoadedAggregate
from application.gateway.embedding import Embedded, embed, start_embedding
from application.ports.models.model import Embedder
from application.ports.tenants.tenants import Tenants
from domain.document.state import Document
from domain.event import Event, StreamId
from domain.tenant.rules import price_at

READER = Context("ingest")


class Gone(Exception):
    """The document was deleted while it was read."""


class EmbeddingCalls:
    """A transaction a batch: how its calls ended is stored with the beginnings of the next, and of the last batch with
    what the document has become. As a context manager it settles what an error has left."""

    def __init__(
        self, held: LoadedAggregate[Document], embedder: Embedder, tenants: Tenants, backoff_s: Sequence[float]
    ) -> None:
        self._held, self._embedder, self._tenants, self._backoff_s = held, embedder, tenants, backoff_s
        self._ended: list[Event] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Whoever is cancelled has no time: the next reader finds the calls open, and settles them by estimate."""
        if isinstance(error, Exception):
            await self.settle()

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector a text, by calls side by side; those that fail are tried again, a little later each time. `Gone`, or
        the `ModelFailure` of the last try."""
        vectors: dict[int, list[float]] = {}
        for backoff in (*self._backoff_s, None):
            missing = [place for place in range(len(texts)) if place not in vectors]
            results = await self._embed_once([texts[place] for place in missing])
            vectors |= {p: r.vector for p, r in zip(missing, results, strict=True) if r.vector is not None}
            failure = next((result.failure for result in results if result.failure), None)
            if failure is None:
                break
            if backoff is None:
                raise failure
            await asyncio.sleep(backoff)
        return [vectors[place] for place in range(len(texts))]

    async def settle(self, further: Callable[[Document], Sequence[Event]] = lambda _: ()) -> None:
        """Store how the last calls ended, and what follows from the document as it is."""
        ended, self._ended = self._ended, []
        with stage("record"):
            await self._held.execute(lambda document: [*ended, *further(document)], READER)

    async def _embed_once(self, texts: Sequence[str]) -> list[Embedded]:
        """Start facts, the calls side by side, and their ends to be stored."""
        settings = await self._tenants.settings(StreamId.parse(self._held.stream).tenant)
        own = price_at(settings, self._embedder.model, now())
        started = [start_embedding(self._embedder, text, self._held.state.user, own=own) for text in texts]
        await self.settle(lambda document: [] if document.status == "deleted" else started)
        if self._held.state.status == "deleted":
            raise Gone
        with stage("embed"):
            results = await asyncio.gather(
                *(embed(self._embedder, text, call) for text, call in zip(texts, started, strict=True))
            )
        self._ended = [result.settled for result in results]
        return results
