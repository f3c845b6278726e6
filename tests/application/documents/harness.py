"""Everything a document meets on its way, on fakes that keep their promises; files are really read."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from adapters.extract.kinds import sniff
from adapters.extract.reading import read
from adapters.files.scratch import UnnamedFiles
from application.documents.add_document import AddDocumentHandler
from application.documents.delete_document import DeleteDocumentHandler
from application.documents.document_streams import Accepted
from application.documents.index_document import IndexDocument
from application.documents.ingest_worker import IngestWorker
from application.documents.known_names import LearnNames
from application.documents.move_document import MoveDocumentHandler
from application.documents.readable_documents import ReadableDocuments
from application.documents.refresh_words import RefreshWords
from application.documents.reread_document import RereadDocumentHandler
from application.documents.search_documents import SearchDocumentsHandler
from application.ports.documents.extractor import Extracted
from application.ports.files.scratch import ReceivedFile
from application.redaction.embeddable import Embeddable
from domain.access import Principal
from domain.event import Event
from domain.refusals import DependencyUnavailable
from tests.fakes.in_memory_corpus import InMemoryCorpus
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.nothing_private import NamedWords
from tests.fakes.scripted_model import WordEmbedder
from tests.fakes.small_ports import FixedTenants

TENANT = "01977c9e-1111-7000-8000-000000000001"
EDITOR = Principal(TENANT, "eda", frozenset({"editor"}), 2e9)
MEMBER = Principal(TENANT, "mel", frozenset({"member"}), 2e9)


@dataclass
class InMemoryBlobs:
    """`away` makes every call fail as an unreachable store does."""

    kept: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def _check(self) -> None:
        if self.away:
            raise DependencyUnavailable

    async def put(self, key: str, body: BinaryIO) -> None:
        self._check()
        body.seek(0)
        self.kept[key] = body.read()

    async def get(self, key: str, into: BinaryIO) -> bool:
        self._check()
        into.write(self.kept.get(key, b""))
        into.seek(0)
        return key in self.kept

    async def delete(self, key: str) -> None:
        self._check()
        self.kept.pop(key, None)


class DirectExtractor:
    """Reads in this process."""

    async def extract(self, media_type: str, body: BinaryIO) -> Extracted:
        body.seek(0)
        return read(media_type, body.read(), 100)

    async def sniff(self, name: str, body: BinaryIO) -> str:
        body.seek(0)
        kind = sniff(name, body.read())
        assert kind is not None, "the whole of a file tells"
        return kind


def received(name: str, body: bytes) -> ReceivedFile:
    """A file as a route gives it to a handler."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # it is closed with the last who knows it
    file.write(body)
    return ReceivedFile(name, cast(BinaryIO, file), len(body), hashlib.sha256(body).digest())


class House:
    """The handlers over one set of fakes."""

    def __init__(
        self,
        store: InMemoryEventStore | None = None,
        corpus: InMemoryCorpus | None = None,
        *,
        longest_delay_s: float = 300.0,
    ) -> None:
        self.tenants = FixedTenants()
        embeddable = Embeddable(NamedWords(email="ada@example.com"), self.tenants)
        self.store, self.corpus = store or InMemoryEventStore(), corpus or InMemoryCorpus()
        self.blobs = InMemoryBlobs()
        self.sealer, self.embedder = InMemorySealer(self.store.shredded), WordEmbedder()
        self.collections = ReadableDocuments(self.tenants, self.corpus)
        self.reread = RereadDocumentHandler(self.store, self.corpus)
        self.move = MoveDocumentHandler(self.store, self.corpus, self.collections)
        self.handle_add = AddDocumentHandler(
            self.store, self.sealer, self.blobs, self.corpus, DirectExtractor(), self.collections, self.reread
        )
        self.delete = DeleteDocumentHandler(self.store, self.blobs, self.corpus, self.collections)
        self.search = SearchDocumentsHandler(
            self.store, self.corpus, self.embedder, embeddable, self.tenants, self.collections
        )
        self.read = IndexDocument(
            self.store, self.sealer, self.blobs, UnnamedFiles(Path(tempfile.gettempdir())), self.corpus,
            DirectExtractor(), self.embedder, embeddable, self.tenants, backoff_s=(0.0, 0.0),
        )  # fmt: skip
        self.refresh = RefreshWords(self.corpus, self.corpus)
        self.learn = LearnNames(self.corpus, self.corpus, self.store, self.sealer)
        self.index = IngestWorker(self.corpus, self.read, self.refresh, self.learn, longest_delay_s=longest_delay_s)

    def facts(self, kind: str) -> list[Event]:
        """All facts on streams of a kind, in order."""
        return [envelope.event for envelope in self.store.log if f"/{kind}/" in envelope.stream]

    async def add(self, editor: Principal, name: str, body: bytes, **how: Any) -> Accepted:
        """Bring a file."""
        return await self.handle_add(editor, received(name, body), **how)

    async def added(self, name: str, body: bytes, **how: Any) -> str:
        """The id of a document that was added and read."""
        accepted = await self.add(EDITOR, name, body, **how)
        for claim in await self.corpus.claim_pending(100):
            await self.read(claim)
        return accepted.document_id


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)


async def status_of(house: House, id: str, wanted: str) -> None:
    await until(lambda: house.corpus._tenants[TENANT][id].status == wanted)
