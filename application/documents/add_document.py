"""An editor brings a file: refused at once if it must be, known by its content, sealed, and left to be read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from application.clock import new_id
from application.execute import DOCUMENT, Context, execute
from application.file_names import name_of
from application.ports.blobs import Blobs
from application.ports.corpus import DocumentRegister
from application.ports.event_store import EventStore
from application.ports.extractor import Sniffer
from application.ports.keys import Sealer
from application.ports.scratch import ReceivedFile
from domain.access import Principal
from domain.document.commands import AddDocument
from domain.document.rules import add_document
from domain.refusals import DocumentNotFound

SEALED_AS = "file"


class Accepted(msgspec.Struct, frozen=True):
    """The document that holds the file's content, and how far it has come."""

    document_id: str
    status: str


@dataclass(frozen=True, slots=True)
class AddDocumentHandler:
    """Takes files into a tenant's corpus."""

    store: EventStore
    sealer: Sealer
    blobs: Blobs
    corpus: DocumentRegister
    sniffer: Sniffer

    async def __call__(self, principal: Principal, file: ReceivedFile) -> Accepted:
        """The document, new or the one that holds the same bytes. `UnsupportedMediaType`, or `DocumentRefused` with
        `empty_file` or `type_mismatch`; what takes reading to find out is found out later."""
        tenant, id, title = principal.tenant, new_id(), name_of(file.name)
        media_type = await self.sniffer.sniff(title, file.body)
        known = await self.corpus.register(
            tenant, id, title=title, content_hash=await self._hash(tenant, file), media_type=media_type, size=file.size
        )
        if known != id:
            row = await self.corpus.fetch(tenant, known)
            if row is None:
                raise DocumentNotFound("The document with the same content is just being deleted; try again.")
            return Accepted(known, row.status)
        command = AddDocument(title=title, media_type=media_type, size=file.size, user=principal.user)
        try:
            await self._keep(tenant, id, command, file.body)
        except BaseException:
            await asyncio.shield(self.corpus.delete(tenant, id))  # so that the next attempt does not find it
            raise
        await self.corpus.announce(tenant, id)
        return Accepted(id, "pending")

    async def _hash(self, tenant: str, file: ReceivedFile) -> bytes:
        """What equal files have in common, telling nobody else what they hold."""
        return await self.sealer.digest(tenant, b"content of a document:" + file.sha256)

    async def _keep(self, tenant: str, id: str, command: AddDocument, body: BinaryIO) -> None:
        stream = stream_of(tenant, id)
        await self.blobs.put(blob_of(tenant, id), await self.sealer.sealing(stream, body, SEALED_AS))
        await execute(self.store, stream, DOCUMENT, lambda d: add_document(d, command), Context(command.user))


def stream_of(tenant: str, document_id: str) -> str:
    """Where a document's facts live, and whose key seals what it holds."""
    return f"{tenant}/document/{document_id}"


def blob_of(tenant: str, document_id: str) -> str:
    """Where its sealed file is kept."""
    return f"{tenant}/documents/{document_id}"
