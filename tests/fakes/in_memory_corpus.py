"""A corpus in memory that ranks by shared words and by cosine, fused by their scores."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from application.clock import now
from application.keyed_words import WORDS_VERSION, asked_of, words_of
from application.ports.corpus import DocumentRow, NewPassage, Pending, Status
from domain.refusals import DependencyUnavailable
from domain.session.events import Passage


@dataclass
class _Document:
    title: str
    content_hash: bytes
    media_type: str
    size: int
    created_at: datetime = field(default_factory=now)
    status: Status = "pending"
    reason: str | None = None
    text: str | None = None
    passages: Sequence[NewPassage] = ()
    warnings: tuple[str, ...] = ()
    encoding: str = ""
    attempt: int = 0
    claimable: bool = False
    words_version: int = WORDS_VERSION


class InMemoryCorpus:
    """Its documents that wait to be read are in it too: claims last until they are released. With `takes_no_more`, what
    was read cannot be kept."""

    def __init__(self) -> None:
        self.pending = self
        self.takes_no_more = False
        self._tenants: dict[str, dict[str, _Document]] = defaultdict(dict)
        self._versions: dict[str, int] = defaultdict(int)
        self._news = asyncio.Event()

    async def provision(self, tenant: str) -> None:
        return None

    async def register(
        self, tenant: str, document_id: str, *, title: str, content_hash: bytes, media_type: str, size: int
    ) -> str:
        for known, document in self._tenants[tenant].items():
            if document.content_hash == content_hash:
                return known
        self._tenants[tenant][document_id] = _Document(title, content_hash, media_type, size)
        return document_id

    async def announce(self, tenant: str, document_id: str) -> None:
        self._tenants[tenant][document_id].claimable = True
        self._news.set()

    async def claim_pending(self, limit: int) -> list[Pending]:
        found: list[Pending] = []
        for tenant, documents in self._tenants.items():
            for id, document in documents.items():
                if document.status == "pending" and document.claimable and len(found) < limit:
                    document.claimable, document.attempt = False, document.attempt + 1
                    found.append(Pending(tenant, id, document.title, document.media_type, document.attempt))
        return found

    async def renew(self, claims: Sequence[Pending]) -> None:
        return None

    async def release(self, claim: Pending, *, delay_s: float) -> None:
        document = self._tenants[claim.tenant].get(claim.document_id)
        if document and document.attempt == claim.attempt:
            document.claimable, document.attempt = True, document.attempt - 1
            self._news.set()

    async def wait_pending(self, timeout_s: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), timeout_s)
        except TimeoutError:
            return
        self._news.clear()

    async def index(
        self,
        tenant: str,
        document_id: str,
        *,
        title: str,
        text: str,
        passages: Sequence[NewPassage],
        warnings: tuple[str, ...] = (),
        encoding: str = "",
    ) -> bool:
        if self.takes_no_more:
            raise DependencyUnavailable
        document = self._tenants[tenant].get(document_id)
        if document is None or document.status != "pending":
            return False
        document.status, document.title, document.text, document.passages = "indexed", title, text, passages
        document.warnings, document.encoding = warnings, encoding
        self._versions[tenant] += 1
        return True

    async def refresh_words(self, tenant: str, document_id: str) -> bool:
        document = self._tenants[tenant].get(document_id)
        if document is None or document.status != "indexed" or document.words_version >= WORDS_VERSION:
            return False
        document.words_version = WORDS_VERSION
        self._versions[tenant] += 1
        return True

    async def make_stale(self, tenant: str, document_id: str) -> None:
        """As an earlier version of the program left it: its words are not those that questions have."""
        self._tenants[tenant][document_id].words_version = 1

    async def find_stale(self, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        stale = [
            (tenant, id)
            for tenant, documents in self._tenants.items()
            for id, document in documents.items()
            if document.status == "indexed" and document.words_version < WORDS_VERSION
        ]
        return sorted(place for place in stale if place > after)[:limit]

    async def fail(self, tenant: str, document_id: str, reason: str) -> None:
        document = self._tenants[tenant].get(document_id)
        if document and document.status == "pending":
            document.status, document.reason = "failed", reason

    async def delete(self, tenant: str, document_id: str) -> bool:
        there = self._tenants[tenant].pop(document_id, None) is not None
        self._versions[tenant] += there
        return there

    async def fetch(self, tenant: str, document_id: str) -> DocumentRow | None:
        document = self._tenants[tenant].get(document_id)
        return _row(document_id, document) if document else None

    async def fetch_text(self, tenant: str, document_id: str) -> str | None:
        document = self._tenants[tenant].get(document_id)
        return document.text if document else None

    async def page(
        self, tenant: str, *, after: str | None, limit: int, status: Status | None = None
    ) -> list[DocumentRow]:
        rows = [_row(id, document) for id, document in sorted(self._tenants[tenant].items(), reverse=True)]
        return [row for row in rows if (after is None or row.document_id < after) and status in (None, row.status)][
            :limit
        ]

    async def version(self, tenant: str) -> int:
        return self._versions[tenant]

    async def count_passages(self, tenant: str) -> int:
        return sum(len(document.passages) for document in self._tenants[tenant].values())

    async def search(self, tenant: str, query: str, vector: Sequence[float] | None, k: int) -> list[Passage]:
        everything = [
            (id, document.title, passage)
            for id, document in self._tenants[tenant].items()
            for passage in document.passages
        ]
        asked = asked_of(query)
        by_words = [self._shared(set(asked.words), *place) for place in everything]
        names = [self._shared(asked.names, *place) for place in everything]
        by_meaning = [
            sum(a * b for a, b in zip(vector, passage.vector, strict=True)) if vector else 0.0
            for *_, passage in everything
        ]
        scores = {
            place: words / max(1, *by_words) + max(meaning, 0) + 2 * named
            for place, (words, meaning, named) in enumerate(zip(by_words, by_meaning, names, strict=True))
            if words > 0 or meaning > 0
        }
        best = sorted(scores, key=lambda place: (-scores[place], place))[:k]
        return [_passage(*everything[place], place, scores[place]) for place in best]

    def _shared(self, asked: set[str] | frozenset[str], id: str, title: str, passage: NewPassage) -> int:
        stale = any(
            documents[id].words_version < WORDS_VERSION for documents in self._tenants.values() if id in documents
        )
        return 0 if stale else len(asked & {*words_of(title.rpartition(".")[0] or title), *words_of(passage.text)})


def _passage(document_id: str, title: str, passage: NewPassage, place: int, score: float) -> Passage:
    return Passage(
        passage_id=str(place),
        document_id=document_id,
        title=title,
        text=passage.text,
        start=passage.start,
        end=passage.end,
        score=score,
        page=passage.place.page,
        row=passage.place.row,
        heading=passage.place.heading,
    )


def _row(document_id: str, document: _Document) -> DocumentRow:
    return DocumentRow(
        document_id=document_id,
        title=document.title,
        status=document.status,
        reason=document.reason,
        passages=len(document.passages),
        media_type=document.media_type,
        size=document.size,
        created_at=document.created_at,
        warnings=document.warnings,
        encoding=document.encoding,
    )
