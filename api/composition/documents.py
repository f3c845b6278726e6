"""Opens the room of documents: their upload, their search, their end."""

from __future__ import annotations

from adapters.s3.blobs import S3Blobs
from api.composition.infrastructure import Infrastructure
from api.composition.shared import Shared
from api.composition.turn_wiring import Turns
from api.services import DocumentServices
from application.byte_room import ByteRoom
from application.documents.add_document import AddDocumentHandler
from application.documents.delete_document import DeleteDocumentHandler
from application.documents.embed_texts import EmbedTextsHandler
from application.documents.move_document import MoveDocumentHandler
from application.documents.readable_documents import ReadableDocuments
from application.documents.reread_document import RereadDocumentHandler
from application.documents.search_documents import SearchDocumentsHandler
from application.redaction.embeddable import Embeddable

TEXTS, TEXT_BYTES = 8, 64 * 1024 * 1024
"""Whole documents that are given out at a time, and the bytes of their files."""


def open_documents(on: Infrastructure, shared: Shared, turns: Turns) -> DocumentServices:
    """What routes of documents work with."""
    store, corpus = on.store, shared.corpus
    blobs = S3Blobs(on.s3, on.settings.bucket)
    embeddable = Embeddable(shared.detector, shared.tenants)
    collections, reread = ReadableDocuments(shared.tenants, corpus), RereadDocumentHandler(store, corpus)
    return DocumentServices(
        add_document=AddDocumentHandler(store, store.vault, blobs, corpus, shared.kinds, collections, reread),
        delete_document=DeleteDocumentHandler(store, blobs, corpus, collections),
        reread_document=reread,
        move_document=MoveDocumentHandler(store, corpus, collections),
        collections=collections,
        search_documents=SearchDocumentsHandler(
            store, corpus, shared.embedder, embeddable, shared.tenants, collections, on.settings.search_s
        ),
        embed_texts=EmbedTextsHandler(store, shared.embedder, embeddable, turns.gate.calls, shared.tenants),
        corpus=corpus,
        blobs=blobs,
        text_room=ByteRoom(places=TEXTS, size=TEXT_BYTES),
    )
