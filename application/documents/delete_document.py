"""An editor takes a document away: the fact, then the key, then everything the key sealed."""

from __future__ import annotations

from dataclasses import dataclass

from application.documents.document_streams import blob_of, stream_of
from application.documents.readable_documents import ReadableDocuments
from application.execute import DOCUMENT, Context, execute
from application.ports.documents.corpus import DocumentRegister
from application.ports.facts.event_store import ErasableStore
from application.ports.files.blobs import Blobs
from domain.access import Principal
from domain.document.rules import delete_document
from domain.document.state import Document
from domain.event import Event
from domain.refusals import DocumentNotFound


@dataclass(frozen=True, slots=True)
class DeleteDocumentHandler:
    """Deletes documents of a tenant."""

    store: ErasableStore
    blobs: Blobs
    corpus: DocumentRegister
    collections: ReadableDocuments

    async def __call__(self, principal: Principal, document_id: str) -> int:
        """Delete one that the caller may read, see `take_away`. `DocumentNotFound`."""
        row = await self.corpus.fetch(principal.tenant, document_id)
        if row is not None:
            await self.collections.document(principal, document_id)
        return await self.take_away(principal.tenant, document_id, principal.user)

    async def take_away(self, tenant: str, document_id: str, by: str) -> int:
        """Delete it, and first the earlier versions whose place it has taken: how many there were. `DocumentNotFound`
        when the tenant has none such. A deletion that was cut off, by a crash or by a store that was away, is finished
        by asking again."""
        earlier = await self.corpus.replaced_by(tenant, document_id)
        for version in (*earlier, document_id):
            await self._one(tenant, version, by)
        return len(earlier) + 1

    async def _one(self, tenant: str, document_id: str, by: str) -> None:
        stream = stream_of(tenant, document_id)
        await execute(self.store, stream, DOCUMENT, _delete_or_finish, Context(by))
        await self.store.shred(stream)
        there = await self.corpus.delete(tenant, document_id)
        await self.blobs.delete(blob_of(tenant, document_id))
        if not there:
            raise DocumentNotFound


def _delete_or_finish(document: Document) -> list[Event]:
    return [] if document.status == "deleted" else delete_document(document)
