"""One pending document to findable passages: fetched, unsealed, read, cut, embedded, indexed, each cost a fact."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import BinaryIO

from application.byte_room import ByteRoom
from application.clock import Seconds, monotonic
from application.documents.document_streams import SEALED_AS, blob_of, stream_of
from application.documents.embedding_calls import READER, EmbeddingCalls, Gone
from application.documents.stages import findable, stage
from application.execute import DOCUMENT, LoadedAggregate
from application.ports.documents.corpus import NewPassage, PassageIndex, Pending
from application.ports.documents.extractor import Extracted, Extractor, places_of
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.files.blobs import Blobs
from application.ports.files.scratch import Scratch
from application.ports.models.model import Embedder
from application.ports.tenants.tenants import Tenants
from application.redaction.embeddable import Embeddable
from domain.document.events import DocumentIndexed
from domain.document.rules import fail_document, index_document, settle_open_calls
from domain.document.state import Document
from domain.refusals import DocumentRefused

BATCH = 32
FETCHED, READERS = 6, 2
"""Documents that lie on disk, and that are being read, at a time."""
PLACES = 64
CHARACTERS = 12_000_000
"""Of the texts that a process holds while they are embedded; the longest document alone has ten million."""
ROOM_S = 600.0
BACKOFF_S = (0.5, 2.0, 5.0)
TOLD_S = 1.0
"""How often it is told how far the reading of a long document has come."""


@dataclass(frozen=True, slots=True)
class IndexDocument:
    """Reads documents that were claimed. Anything it has done is done again, or found done, after a crash."""

    store: EventStore
    sealer: Sealer
    blobs: Blobs
    scratch: Scratch
    corpus: PassageIndex
    extractor: Extractor
    embedder: Embedder
    embeddable: Embeddable
    tenants: Tenants
    backoff_s: Sequence[float] = BACKOFF_S
    clock: Seconds = monotonic
    _fetching: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FETCHED))
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))
    _room: ByteRoom = field(default_factory=lambda: ByteRoom(places=PLACES, size=CHARACTERS, wait_s=ROOM_S))

    async def __call__(self, claim: Pending) -> None:
        """Make it findable. `DocumentRefused` when the document is at fault; other refusals and `ModelFailure` when
        something is away."""
        with stage("load"):
            held = await self._held(claim)
        if held.state.status in ("absent", "deleted"):
            await self._clear_away(claim)
            return
        async with AsyncExitStack() as stack:
            extracted = await self._extracted(claim, stack)
            await self._index(claim, held, extracted)

    async def _extracted(self, claim: Pending, stack: AsyncExitStack) -> Extracted:
        """What the document says, for as long as there is room for it on `stack`: what was read waits for room before
        the next is read."""
        async with self._fetching:
            with self.scratch.open() as file:
                with stage("fetch"):
                    await self._fetch(claim, file)
                async with self._reading:
                    with stage("extract"):
                        extracted = await self.extractor.extract(claim.media_type, file)
                    await stack.enter_async_context(self._room.room(claim.tenant, len(extracted.text)))
        return extracted

    async def _index(self, claim: Pending, held: LoadedAggregate[Document], extracted: Extracted) -> None:
        calls = EmbeddingCalls(held, self.embedder, self.tenants, self.backoff_s)
        try:
            vectors = await self._vectors(calls, claim, extracted)
        except Gone:
            return
        passages = [
            NewPassage(start=start, end=end, text=extracted.text[start:end], vector=vector, place=place)
            for (start, end), vector, place in zip(extracted.spans, vectors, places_of(extracted), strict=True)
        ]
        indexed = DocumentIndexed(
            passages=len(passages),
            characters=len(extracted.text),
            warnings=extracted.warnings,
            encoding=extracted.encoding,
        )
        # The fact first: what a crash leaves undone after it is still pending in the corpus, and is claimed again.
        await calls.settle(lambda document: index_document(document, indexed))
        title = extracted.title or claim.title
        with stage("index"):
            await self.corpus.index(
                claim.tenant,
                claim.document_id,
                title=title,
                text=extracted.text,
                passages=passages,
                warnings=extracted.warnings,
                encoding=extracted.encoding,
            )
        findable.update(documents=1, passages=len(passages))

    async def fail(self, claim: Pending, reason: str) -> None:
        """Note that it cannot be read."""
        held = await self._held(claim)
        await held.execute(lambda document: fail_document(document, reason), READER)
        await self.corpus.fail(claim.tenant, claim.document_id, reason)

    async def _held(self, claim: Pending) -> LoadedAggregate[Document]:
        """The document, with the calls settled that an earlier reader left open."""
        held = LoadedAggregate(self.store, stream_of(claim.tenant, claim.document_id), DOCUMENT)
        await held.catch_up()
        await held.execute(settle_open_calls, READER)
        return held

    async def _clear_away(self, claim: Pending) -> None:
        """It was never accepted (its upload broke off), or its deletion was cut short."""
        await self.corpus.delete(claim.tenant, claim.document_id)
        await self.blobs.delete(blob_of(claim.tenant, claim.document_id))

    async def _fetch(self, claim: Pending, file: BinaryIO) -> None:
        """The document's file as it was brought, into `file`."""
        stream = stream_of(claim.tenant, claim.document_id)
        with self.scratch.open() as sealed:
            kept = await self.blobs.get(blob_of(claim.tenant, claim.document_id), sealed)
            if not kept or not await self.sealer.unseal_file(stream, sealed, file, SEALED_AS):
                raise DocumentRefused("unreadable", "The file is no longer kept.")

    async def _vectors(self, calls: EmbeddingCalls, claim: Pending, extracted: Extracted) -> list[Sequence[float]]:
        """A vector a passage. The document's own title goes before each passage that does not begin with it, so that
        the fifth page of a report is still about what the report is about."""
        vectors: list[Sequence[float]] = []
        told = self.clock()
        async with calls:
            for first in range(0, len(extracted.spans), BATCH):
                texts = []
                with stage("redact"):
                    for start, end in extracted.spans[first : first + BATCH]:
                        text = extracted.text[start:end]
                        whole = text if extracted.title in text else f"{extracted.title}\n{text}"
                        texts.append(await self.embeddable(claim.tenant, whole))
                # As single numbers they would take sixteen times the memory.
                vectors += [array("f", vector) for vector in await calls.embed(texts)]
                if self.clock() - told >= TOLD_S:
                    told = self.clock()
                    await self.corpus.progress(claim.tenant, claim.document_id, len(vectors), len(extracted.spans))
        return vectors
