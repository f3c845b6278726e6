"""Opens the room of documents: their upload, their search, their end."""

from __future__ import annotations

from contextlib import AsyncExitStack

from adapters.extract.pool import open_extractor
from adapters.s3.blobs import S3Blobs
from api.composition.infrastructure import Infrastructure
from api.composition.shared import Shared
from api.services import DocumentServices
from application.byte_room import ByteRoom
from application.documents.add_document import AddDocumentHandler
from application.documents.delete_document import DeleteDocumentHandler
from application.documents.search_documents import SearchDocumentsHandler
from application.redaction.embeddable import Embeddable

SNIFF_S = 15.0
TEXTS, TEXT_BYTES = 8, 64 * 1024 * 1024
"""Whole documents that are given out at a time, and the bytes of their files."""


async def open_documents(on: Infrastructure, shared: Shared, stack: AsyncExitStack) -> DocumentServices:
    """What routes of documents work with."""
    store, corpus = on.store, shared.corpus
    blobs = S3Blobs(on.s3, on.settings.bucket)
    sniffer = await stack.enter_async_context(open_extractor(max_pages=0, queue_s=SNIFF_S))
    embeddable = Embeddable(shared.detector, shared.tenants)
    return DocumentServices(
        add_document=AddDocumentHandler(store, store.vault, blobs, corpus, sniffer),
        delete_document=DeleteDocumentHandler(store, blobs, corpus),
        search_documents=SearchDocumentsHandler(store, corpus, shared.embedder, embeddable, on.settings.search_s),
        corpus=corpus,
        blobs=blobs,
        text_room=ByteRoom(places=TEXTS, size=TEXT_BYTES),
    )
