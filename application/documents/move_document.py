"""An editor puts a document into another of the tenant's collections, its earlier versions with it."""

from __future__ import annotations

from dataclasses import dataclass

from application.documents.document_streams import stream_of
from application.documents.readable_documents import ReadableDocuments
from application.execute import DOCUMENT, Context, execute
from application.ports.documents.corpus import DocumentRegister
from application.ports.facts.event_store import EventStore
from domain.access import Principal
from domain.document.rules import move_document


@dataclass(frozen=True, slots=True)
class MoveDocumentHandler:
    """From then on it is found by whoever may read that collection, and by nobody else."""

    store: EventStore
    corpus: DocumentRegister
    collections: ReadableDocuments

    async def __call__(self, principal: Principal, document_id: str, collection: str) -> None:
        """Into a collection that the caller may read; out of all when that is empty. `NotFound`, `DocumentNotFound`."""
        await self.collections.check(principal, collection)
        stream = stream_of(principal.tenant, document_id)
        await execute(
            self.store, stream, DOCUMENT, lambda document: move_document(document, collection), Context(principal.user)
        )
        await self.corpus.move(principal.tenant, document_id, collection)
