"""A tenant's documents as passages that can be searched by meaning and by words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from domain.session.events import Passage


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A document as its tenant sees it. `status` is `pending`, `indexed` or `failed`; `reason` a public code."""

    document_id: str
    title: str
    status: str
    reason: str | None
    passages: int
    media_type: str
    size: int
    created_at: datetime


class NewPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document to be indexed: `text` is the document's text at code points `start..end`."""

    start: int
    end: int
    text: str
    vector: list[float]


class Corpus(Protocol):
    """The corpora of all tenants; every method sees one tenant only. Nothing readable is stored in the clear: texts,
    titles and words are sealed or keyed, so that dropping a document's key drops it from every file."""

    async def register(
        self, tenant: str, document_id: str, *, title: str, content_hash: str, media_type: str, size: int, user: str
    ) -> str:
        """Note a document as pending. The id of the document with the same content, else `document_id`."""
        ...

    async def claim_pending(self, limit: int) -> list[tuple[str, str]]:
        """Up to `limit` pending documents of any tenant as (tenant, document_id), for this process for a term."""
        ...

    async def index(self, tenant: str, document_id: str, text: str, passages: Sequence[NewPassage]) -> None:
        """Make the document findable, all passages or none, and raise the corpus version."""
        ...

    async def fail(self, tenant: str, document_id: str, reason: str) -> None:
        """Note why it could not be read."""
        ...

    async def delete(self, tenant: str, document_id: str) -> bool:
        """Remove the document, its passages and its key; False when it was not there."""
        ...

    async def fetch(self, tenant: str, document_id: str) -> DocumentRow | None:
        """One document."""
        ...

    async def fetch_text(self, tenant: str, document_id: str) -> str | None:
        """Its extracted text, whole."""
        ...

    async def page(self, tenant: str, *, after: str | None, limit: int) -> list[DocumentRow]:
        """Documents, newest first, older than the id `after`."""
        ...

    async def version(self, tenant: str) -> int:
        """Rises with every document that becomes findable or goes; 0 when there never was one."""
        ...

    async def search(self, tenant: str, query: str, vector: list[float] | None, k: int) -> list[Passage]:
        """The `k` best passages, best first: by meaning (when there is a vector) and by words, fused by reciprocal
        rank (Cormack, Clarke and Buettcher, SIGIR 2009)."""
        ...
