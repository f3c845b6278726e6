"""A corpus in memory that ranks by shared words and by cosine, fused by their scores."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from application.clock import now
from application.keyed_words import WORDS_VERSION, asked_of, words_of
from application.ports.documents.corpus import DocumentRow, NewDocument, NewPassage, Pending, Registered, Status
from domain.refusals import DependencyUnavailable
from domain.session.events import Passage
from domain.tenant.readable import ONLY_OPEN


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
    name: bytes | None = None
    collection: str = ""
    lineage: str = ""
    version: int = 1
    replaced_at: datetime | None = None
    embedded: int = 0
    to_embed: int = 0
    is_old: bool = False


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

    async def register(self, tenant: str, new: NewDocument) -> Registered:
        documents = self._tenants[tenant]
        made = _Document(
            new.title, new.content_hash, new.media_type, new.size, name=new.name, collection=new.collection,
            lineage=new.document_id,
        )  # fmt: skip
        of_name = [
            (id, one)
            for id, one in documents.items()
            if new.name and (one.name, one.collection) == (new.name, new.collection)
        ]
        if not of_name:
            for known, document in documents.items():
                if document.content_hash == new.content_hash and not document.is_old:
                    return Registered(known)
            documents[new.document_id] = made
            return Registered(new.document_id)
        id, latest = max(of_name, key=lambda each: each[1].version)
        if latest.content_hash == new.content_hash:
            return Registered(id)
        for one in self._lineage(tenant, latest.lineage).values():
            one.is_old = True
        made.lineage, made.version = latest.lineage, latest.version + 1
        documents[new.document_id] = made
        return Registered(new.document_id, id)

    def _lineage(self, tenant: str, lineage: str) -> dict[str, _Document]:
        return {id: one for id, one in self._tenants[tenant].items() if one.lineage == lineage}

    async def make_nameless(self, tenant: str, document_id: str) -> None:
        """As an earlier version of the program left it."""
        document = self._tenants[tenant][document_id]
        document.name, document.lineage = None, ""

    async def find_nameless(self, before: str, limit: int) -> list[tuple[str, str]]:
        found = [(t, id) for t, all in self._tenants.items() for id, one in all.items() if not one.lineage]
        return sorted((place for place in found if place[1] < before), key=lambda place: place[1], reverse=True)[:limit]

    async def know_by(self, tenant: str, document_id: str, name: bytes | None) -> None:
        document = self._tenants[tenant].get(document_id)
        if document is None or document.lineage:
            return
        taken = any((one.name, one.collection) == (name, document.collection) for one in self._tenants[tenant].values())
        document.lineage, document.name = document_id, None if taken else name

    async def requeue(self, tenant: str, document_id: str) -> None:
        document = self._tenants[tenant][document_id]
        if document.status != "pending" and document.replaced_at is None:
            document.status, document.reason, document.attempt, document.claimable = "pending", None, 0, True
            document.embedded = document.to_embed = 0
            self._news.set()

    async def progress(self, tenant: str, document_id: str, embedded: int, to_embed: int) -> None:
        document = self._tenants[tenant].get(document_id)
        if document and document.status == "pending":
            document.embedded, document.to_embed = embedded, to_embed

    async def move(self, tenant: str, document_id: str, collection: str) -> None:
        for one in self._lineage(tenant, self._tenants[tenant][document_id].lineage).values():
            one.collection, one.is_old = collection, True
        self._versions[tenant] += 1

    async def replaced_by(self, tenant: str, document_id: str) -> list[str]:
        document = self._tenants[tenant].get(document_id)
        if document is None or document.replaced_at is not None or document.text is None:
            return []
        versions = sorted(self._lineage(tenant, document.lineage).items(), key=lambda each: each[1].version)
        return [id for id, one in versions if one.version < document.version and one.replaced_at is not None]

    async def versions(self, tenant: str, document_id: str) -> list[DocumentRow]:
        document = self._tenants[tenant].get(document_id)
        found = self._lineage(tenant, document.lineage) if document else {}
        return [_row(id, one) for id, one in sorted(found.items(), key=lambda each: -each[1].version)]

    async def holds(self, tenant: str, collection: str) -> bool:
        return bool(collection) and any(one.collection == collection for one in self._tenants[tenant].values())

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
        others = [one for one in self._lineage(tenant, document.lineage).values() if one is not document]
        if any(one.version > document.version and one.text is not None for one in others):
            document.replaced_at, document.passages = now(), ()
        else:
            for one in others:
                if one.version < document.version and (one.status != "pending" or one.text is not None):
                    one.replaced_at, one.passages = one.replaced_at or now(), ()
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
        if document and document.status == "pending" and document.text is None:
            document.status, document.reason = "failed", reason
        elif document and document.status == "pending":
            document.status = "indexed"
            kept = f"It could not be read again ({reason}): what was read before stays."
            document.warnings = (*document.warnings, kept)

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
        self,
        tenant: str,
        *,
        after: str | None,
        limit: int,
        status: Status | None = None,
        collections: Sequence[str] = ONLY_OPEN,
    ) -> list[DocumentRow]:
        rows = [
            _row(id, document)
            for id, document in sorted(self._tenants[tenant].items(), reverse=True)
            if document.replaced_at is None and document.collection in collections
        ]
        return [row for row in rows if (after is None or row.document_id < after) and status in (None, row.status)][
            :limit
        ]

    async def version(self, tenant: str) -> int:
        return self._versions[tenant]

    async def count_passages(self, tenant: str) -> int:
        return sum(len(document.passages) for document in self._tenants[tenant].values())

    async def search(
        self,
        tenant: str,
        query: str,
        vector: Sequence[float] | None,
        k: int,
        collections: Sequence[str] = ONLY_OPEN,
    ) -> list[Passage]:
        everything = [
            (id, document.title, passage)
            for id, document in self._tenants[tenant].items()
            if document.collection in collections
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
        collection=document.collection,
        version=document.version,
        replaced_at=document.replaced_at,
        embedded=document.embedded,
        to_embed=document.to_embed,
        claimed=document.attempt > 0,
    )
