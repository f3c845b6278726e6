"""The names that files are known by, as keyed hashes; and those of documents from before there were such."""

from __future__ import annotations

from dataclasses import dataclass

from application.acting_tenant import acting_for
from application.documents.document_streams import stream_of
from application.file_names import LONGEST, UNNAMED, path_of
from application.ports.documents.corpus import DocumentRegister, NamelessDocuments
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.tasks import isolated
from domain.document.events import DocumentAdded

AT_ONCE = 100
NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff"


async def known_name(sealer: Sealer, tenant: str, given: str) -> bytes | None:
    """What files of one name, with the folders that they came with, have in common; None when it is no name."""
    path = path_of(given)
    return await sealer.digest(tenant, b"name of a document:" + path.encode()) if path else None


@dataclass(slots=True)
class LearnNames:
    """One round after the other, until none is left, the newest first. Such a document's first fact tells its file's
    name, without folders, which nobody kept. One whose key cannot be used now is passed by, and comes again with the
    next pass."""

    nameless: NamelessDocuments
    corpus: DocumentRegister
    store: EventStore
    sealer: Sealer
    _before: str = NEWEST

    async def __call__(self) -> None:
        """The next documents."""
        found = await self.nameless.find_nameless(self._before, AT_ONCE)
        for tenant, document_id in found:
            with isolated("name_learned", document=document_id), acting_for(tenant):
                await self.corpus.know_by(tenant, document_id, await self._name(tenant, document_id))
        self._before = found[-1][1] if len(found) == AT_ONCE else NEWEST

    async def _name(self, tenant: str, document_id: str) -> bytes | None:
        async for envelopes in self.store.slices(stream_of(tenant, document_id)):
            for envelope in envelopes:
                if isinstance(added := envelope.event, DocumentAdded):
                    whole = added.title != UNNAMED and len(added.title) < LONGEST
                    return await known_name(self.sealer, tenant, added.title) if whole else None
        return None
