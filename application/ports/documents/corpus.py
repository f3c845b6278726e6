"""A tenant's documents as passages that can be searched by meaning and by words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from application.ports.documents.extractor import NOWHERE, PassagePlace
from domain.session.events import Passage
from domain.tenant.readable import ONLY_OPEN

Status = Literal["pending", "indexed", "failed"]


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A document as its tenant sees it. `status` is `pending`, `indexed` or `failed`; `reason` a public code.
    `warnings` say what of it was not read; `encoding` is the one that was taken, empty where there was none to take.
    While it is pending, `embedded` of `to_embed` passages (0 as long as that is not known) have their vectors, and
    `claimed` says whether somebody has begun to read it. `replaced_at` is when a later version took its place."""

    document_id: str
    title: str
    status: str
    reason: str | None
    passages: int
    media_type: str
    size: int
    created_at: datetime
    warnings: tuple[str, ...] = ()
    encoding: str = ""
    collection: str = ""
    version: int = 1
    replaced_at: datetime | None = None
    embedded: int = 0
    to_embed: int = 0
    claimed: bool = False


class NewDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be registered. `content_hash` is a keyed hash of the file and its collection, `name` one of its name;
    without that it replaces nothing."""

    document_id: str
    title: str
    content_hash: bytes
    media_type: str
    size: int
    name: bytes | None = None
    collection: str = ""


class Registered(msgspec.Struct, frozen=True):
    """The document that holds a file, new or not, and whose next version it is, if any's."""

    document_id: str
    replaces: str = ""


class Pending(msgspec.Struct, frozen=True):
    """A document to be read. `attempt` counts from 1 how often it was claimed."""

    tenant: str
    document_id: str
    title: str
    media_type: str
    attempt: int


class NewPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document to be indexed: `text` is the document's text at code points `start..end`."""

    start: int
    end: int
    text: str
    vector: Sequence[float]
    place: PassagePlace = NOWHERE


class DocumentRegister(Protocol):
    """Which documents a tenant has."""

    async def provision(self, tenant: str) -> None:
        """Make the tenant's own part of the corpus; nothing happens when it is there."""
        ...

    async def register(self, tenant: str, new: NewDocument) -> Registered:
        """Note a document as pending, unless the tenant has one with the same content. Where the latest version under
        its name in its collection has another, it is the next one, also if some other document holds the same. Nobody
        claims it before it is announced, or has had a minute for that."""
        ...

    async def announce(self, tenant: str, document_id: str) -> None:
        """All that a reader needs is in place: it may be claimed now."""
        ...

    async def know_by(self, tenant: str, document_id: str, name: bytes | None) -> None:
        """Let a document that was stored before names were known go by this one, unless another of its collection does;
        nothing happens to any other document."""
        ...

    async def requeue(self, tenant: str, document_id: str) -> None:
        """Let a document that was read, or could not be, wait to be read again; what is found of it can be found
        meanwhile. Nothing happens to one that waits already or was replaced."""
        ...

    async def move(self, tenant: str, document_id: str, collection: str) -> None:
        """Put a document, with all versions of it, into a collection, and raise the corpus version."""
        ...

    async def replaced_by(self, tenant: str, document_id: str) -> list[str]:
        """The versions, oldest first, whose place a document has taken; none when another has taken its own."""
        ...

    async def versions(self, tenant: str, document_id: str) -> list[DocumentRow]:
        """All versions of what the document is one of, newest first."""
        ...

    async def holds(self, tenant: str, collection: str) -> bool:
        """Whether any document is in a collection."""
        ...

    async def delete(self, tenant: str, document_id: str) -> bool:
        """Remove the document and its passages and raise the corpus version; False when it was not there."""
        ...

    async def fetch(self, tenant: str, document_id: str) -> DocumentRow | None:
        """One document."""
        ...

    async def fetch_text(self, tenant: str, document_id: str) -> str | None:
        """Its extracted text, whole; None while it has none."""
        ...

    async def page(
        self,
        tenant: str,
        *,
        after: str | None,
        limit: int,
        status: Status | None = None,
        collections: Sequence[str] = ONLY_OPEN,
    ) -> list[DocumentRow]:
        """Documents of these collections that were not replaced, newest first, older than the id `after`."""
        ...


class PassageIndex(Protocol):
    """What a reader makes of a document."""

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
        """Make a pending document findable in place of what was found of it and of its earlier versions, all passages
        or none, and raise the corpus version. One that a later version has overtaken can be opened, and is not found.
        False when it is not pending any more."""
        ...

    async def fail(self, tenant: str, document_id: str, reason: str) -> None:
        """Note why a pending document could not be read: what was read of it before stays, and a warning says so."""
        ...

    async def progress(self, tenant: str, document_id: str, embedded: int, to_embed: int) -> None:
        """Note how far the reading of a pending document has come."""
        ...

    async def refresh_words(self, tenant: str, document_id: str) -> bool:
        """Let an indexed document be found by its words as they are read now (`WORDS_VERSION`), and raise the corpus
        version. False when it is already, or gone."""
        ...

    async def delete(self, tenant: str, document_id: str) -> bool:
        """Remove the document and its passages and raise the corpus version; False when it was not there."""
        ...


class PendingDocuments(Protocol):
    """Documents of all tenants that wait to be read, claimed by one reader at a time."""

    async def claim_pending(self, limit: int) -> list[Pending]:
        """Up to `limit` pending documents for this process and for a term, taking turns among the tenants."""
        ...

    async def renew(self, claims: Sequence[Pending]) -> None:
        """Keep claims for another term."""
        ...

    async def release(self, claim: Pending, *, delay_s: float) -> None:
        """Give a claim back: it may be claimed again after the delay, and this attempt does not count."""
        ...

    async def wait_pending(self, timeout_s: float) -> None:
        """Return when a document may have become pending, at the latest after the timeout."""
        ...


class StaleWords(Protocol):
    """Documents of all tenants whose words were read by an earlier version of the program."""

    async def find_stale(self, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        """Up to `limit` of them as (tenant, document id), in that order, behind `after`."""
        ...


class NamelessDocuments(Protocol):
    """Documents of all tenants that were stored before files were known by their names."""

    async def find_nameless(self, before: str, limit: int) -> list[tuple[str, str]]:
        """Up to `limit` of them as (tenant, document id), the newest first, behind the id `before`."""
        ...


class PassageSearch(Protocol):
    """What can be found."""

    async def search(
        self,
        tenant: str,
        query: str,
        vector: Sequence[float] | None,
        k: int,
        collections: Sequence[str] = ONLY_OPEN,
    ) -> list[Passage]:
        """The `k` best passages of documents of these collections, best first: by meaning (when there is a vector) and
        by words (when the query has any that tell), fused by their scores. A passage that has a name to itself that is
        asked for, such as an order's number, comes first. `k` is at most 50."""
        ...

    async def version(self, tenant: str) -> int:
        """Rises with every document that becomes findable or goes; 0 when there never was one."""
        ...

    async def count_passages(self, tenant: str) -> int:
        """How many passages can be found."""
        ...


class Corpus(DocumentRegister, PassageIndex, PassageSearch, Protocol):
    """The corpora of all tenants; every method sees one tenant only. Nothing readable is stored in the
    clear: texts and titles are sealed with the document's own key and words are keyed hashes, so that shredding the
    key (`KeyShredder.shred`) leaves nothing to read in any file."""
