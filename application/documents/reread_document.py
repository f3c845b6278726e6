"""An editor has a document read again: what is found of it stays until it has been."""

from __future__ import annotations

from dataclasses import dataclass

from application.documents.document_streams import Accepted, stream_of
from application.execute import DOCUMENT, Context, execute
from application.ports.documents.corpus import DocumentRegister
from application.ports.facts.event_store import EventStore
from domain.access import Principal
from domain.document.rules import requeue_document
from domain.refusals import DocumentNotFound


@dataclass(frozen=True, slots=True)
class RereadDocumentHandler:
    """The fact first: done again, it finishes what was cut off."""

    store: EventStore
    corpus: DocumentRegister

    async def __call__(self, principal: Principal, document_id: str) -> Accepted:
        """How it stands then: `pending`, but for one that a later version has replaced, which stays as it was read.
        `DocumentNotFound`."""
        tenant = principal.tenant
        row = await self.corpus.fetch(tenant, document_id)
        if row is None:
            raise DocumentNotFound
        if row.replaced_at is not None:
            return Accepted(document_id, row.status)
        stream = stream_of(tenant, document_id)
        await execute(self.store, stream, DOCUMENT, requeue_document, Context(principal.user))
        await self.corpus.requeue(tenant, document_id)
        return Accepted(document_id, "pending")
