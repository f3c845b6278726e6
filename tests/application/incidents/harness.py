"""Incidents on fakes."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from adapters.files.scratch import UnnamedFiles
from adapters.files.spool import FolderSpool
from application.files.kept_bytes import KeptBytes
from application.incidents.change_incident import ChangeIncidentHandler
from application.incidents.evidence import Evidence
from application.incidents.raise_incident import RaiseIncident
from application.incidents.tell_webhook import TellWebhook
from application.ports.tenants.tenants import Tenants
from tests.application.documents.harness import InMemoryBlobs
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_incidents import InMemoryIncidents, StoredFacts
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.scripted_webhooks import ScriptedWebhooks

NEWS_URL = "https://hooks.example.com/incidents"


class IncidentHouse:
    """The handlers over one set of fakes; sessions are in `store`."""

    def __init__(self, store: InMemoryEventStore, tenants: Tenants) -> None:
        self.store, self.blobs, self.register = store, InMemoryBlobs(), InMemoryIncidents()
        self.sealer, self.webhooks = InMemorySealer(store.shredded), ScriptedWebhooks()
        self.source = StoredFacts(store)
        kept = KeptBytes(self.blobs, FolderSpool(Path(tempfile.mkdtemp(prefix="colloquy-incidents-")), 10**7))
        scratch = UnnamedFiles(Path(tempfile.gettempdir()))
        self.evidence = Evidence(store, self.sealer, kept, self.register, self.source, scratch, pauses_s=(0.0, 0.0))
        self.tell = TellWebhook(self.webhooks, tenants, self.sealer, pauses_s=(0.0,))
        self.raising = RaiseIncident(store, self.register, self.evidence, self.tell)
        self.changing = ChangeIncidentHandler(store, self.register, self.tell)

    async def settled(self) -> None:
        """Until nothing runs for an incident any more."""
        while tasks := [*self.raising.tasks, *self.changing.tasks]:
            await asyncio.gather(*tasks)
