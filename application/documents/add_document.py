"""An editor brings a file: refused at once if it must be, known by its content, sealed, and left to be read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import BinaryIO

from application.clock import new_id
from application.documents.document_streams import SEALED_AS, Accepted, blob_of, stream_of
from application.documents.known_names import known_name
from application.documents.readable_documents import ReadableDocuments
from application.documents.reread_document import RereadDocumentHandler
from application.execute import DOCUMENT, Context, LoadedAggregate
from application.file_names import name_of
from application.ports.documents.corpus import DocumentRegister, NewDocument
from application.ports.documents.extractor import Sniffer
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.files.blobs import Blobs
from application.ports.files.scratch import ReceivedFile
from domain.access import Principal
from domain.document.commands import AddDocument
from domain.document.rules import add_document
from domain.refusals import DocumentNotFound
from domain.tenant.readable import OPEN


@dataclass(frozen=True, slots=True)
class AddDocumentHandler:
    """Takes files into a tenant's corpus."""

    store: EventStore
    sealer: Sealer
    blobs: Blobs
    corpus: DocumentRegister
    sniffer: Sniffer
    collections: ReadableDocuments
    reread: RereadDocumentHandler

    async def __call__(
        self, principal: Principal, file: ReceivedFile, collection: str = OPEN, *, replace: bool = True
    ) -> Accepted:
        """The document, new or the one that holds the same bytes, which is read again if it could not be read before.
        With `replace` it takes the place of the one that came under the same name into the same collection, once it can
        be found. `UnsupportedMediaType`, or `DocumentRefused` with `empty_file` or `type_mismatch`; what takes reading
        to find out is found out later. `NotFound` when there is no such collection for the caller."""
        tenant, id, title = principal.tenant, new_id(), name_of(file.name)
        await self.collections.check(principal, collection)
        media_type = await self.sniffer.sniff(title, file.body)
        new = NewDocument(
            document_id=id,
            title=title,
            content_hash=await self._hash(tenant, file, collection),
            media_type=media_type,
            size=file.size,
            name=await known_name(self.sealer, tenant, file.name) if replace else None,
            collection=collection,
        )
        registered = await self.corpus.register(tenant, new)
        if registered.document_id != id:
            return await self._known(principal, registered.document_id)
        command = AddDocument(
            title=title,
            media_type=media_type,
            size=file.size,
            user=principal.user,
            collection=collection,
            replaces=registered.replaces,
        )
        try:
            await self._keep(tenant, id, command, file.body)
        except BaseException:
            await asyncio.shield(self.corpus.delete(tenant, id))  # so that the next attempt does not find it
            raise
        await self.corpus.announce(tenant, id)
        return Accepted(id, "pending")

    async def _known(self, principal: Principal, id: str) -> Accepted:
        row = await self.corpus.fetch(principal.tenant, id)
        if row is None:
            raise DocumentNotFound("The document with the same content is just being deleted; try again.")
        if row.status != "failed":
            return Accepted(id, row.status)
        return await self.reread(principal, id)

    async def _hash(self, tenant: str, file: ReceivedFile, collection: str) -> bytes:
        """What equal files of a collection have in common, telling nobody else what they hold: of one document, what
        can be read is for the same people, whoever brought it."""
        within = f"\0{collection}".encode() if collection else b""
        return await self.sealer.digest(tenant, b"content of a document:" + file.sha256 + within)

    async def _keep(self, tenant: str, id: str, command: AddDocument, body: BinaryIO) -> None:
        stream = stream_of(tenant, id)
        await self.blobs.put(blob_of(tenant, id), await self.sealer.sealing(stream, body, SEALED_AS))
        added = LoadedAggregate(self.store, stream, DOCUMENT)  # of an id just drawn there is nothing to load
        await added.execute(lambda document: add_document(document, command), Context(command.user))
