"""The composition root of the API server: settings to services, a room a function."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from api.composition.documents import open_documents
from api.composition.edge import open_access, open_edge
from api.composition.erasure import open_erasure
from api.composition.files import open_files
from api.composition.incidents import open_incidents
from api.composition.infrastructure import open_infrastructure
from api.composition.loops import Upkeep
from api.composition.replicas import open_replication
from api.composition.sessions import open_reads, open_sessions
from api.composition.shared import open_shared
from api.composition.tenants import open_tenants
from api.composition.turns import open_exchanges, open_turns, run_turns
from api.services import Services
from api.settings import Settings
from application.incidents.look_out import LookOut
from projections.trouble_reads import TroubleReads


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything the API server works with, opened in order, closed in reverse, with its background loops."""
    async with AsyncExitStack() as stack:
        on = await open_infrastructure(settings, stack)
        shared = await open_shared(on, stack)
        files, reads = await open_files(on, shared, stack), open_reads(on)
        incidents = open_incidents(on, shared, files.kept, stack)
        replication = await open_replication(on, shared, stack)
        turns = run_turns(on, shared, files.attachments, incidents.raise_incident, replication)
        asking = open_turns(on, shared, turns, replication)
        sessions = open_sessions(on, shared, turns.cache, reads, files.services.delete_file, replication)
        documents, tenants = open_documents(on, shared, turns), open_tenants(on, shared)
        erasure = open_erasure(on, shared, files, sessions, documents, tenants)
        troubles = TroubleReads(on.database.pools)
        look_out = LookOut(incidents.raise_incident, shared.tenants, troubles, turns.health.take_shut_out)
        upkeep = Upkeep(files.deliver, erasure.expire, look_out, replication)
        yield Services(
            settings=settings,
            store=on.store,
            access=open_access(on, shared),
            sessions=sessions,
            turns=asking,
            exchanges=open_exchanges(on, shared, asking),
            documents=documents,
            files=files.services,
            incidents=incidents,
            tenants=tenants,
            erasure=erasure,
            reads=reads,
            edge=await open_edge(on, shared, turns, upkeep, stack),
        )
