"""Which documents somebody may read: the one place that every door asks."""

from __future__ import annotations

from dataclasses import dataclass

from application.ports.documents.corpus import DocumentRegister, DocumentRow
from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.refusals import DocumentNotFound, NotFound
from domain.tenant.readable import OPEN, readable


@dataclass(frozen=True, slots=True)
class ReadableDocuments:
    """By what the tenant says of its collections; a document that somebody may not read is not there for them."""

    tenants: Tenants
    corpus: DocumentRegister

    async def of(self, principal: Principal) -> tuple[str, ...]:
        """The collections whose documents the caller may read; see `readable`."""
        return readable(await self.tenants.settings(principal.tenant), principal)

    async def check(self, principal: Principal, collection: str) -> None:
        """NotFound unless it is one of them."""
        if collection != OPEN and collection not in await self.of(principal):
            raise NotFound(f"There is no collection {collection}.")

    async def document(self, principal: Principal, document_id: str) -> DocumentRow:
        """A document that the caller may read; `DocumentNotFound`."""
        row = await self.corpus.fetch(principal.tenant, document_id)
        if row is None or (row.collection != OPEN and row.collection not in await self.of(principal)):
            raise DocumentNotFound
        return row
