"""Opens the room of incidents: raising, evidence, news."""

from __future__ import annotations

from contextlib import AsyncExitStack

from adapters.files.scratch import UnnamedFiles
from adapters.postgres.incidents import PostgresIncidents
from api.composition.infrastructure import Infrastructure
from api.composition.shared import Shared
from api.services import IncidentServices
from application.files.kept_bytes import KeptBytes
from application.incidents.change_incident import ChangeIncidentHandler
from application.incidents.evidence import Evidence
from application.incidents.raise_incident import RaiseIncident
from application.incidents.tell_webhook import TellWebhook
from application.tenants.put_incident_webhook import PutIncidentWebhookHandler
from projections.evidence_reads import EvidenceReads


def open_incidents(on: Infrastructure, shared: Shared, kept: KeptBytes, stack: AsyncExitStack) -> IncidentServices:
    """What routes and policies work with. What still runs for an incident when the process stops is ended: evidence
    that was not laid down is, when it is asked for."""
    store, vault = on.store, on.store.vault
    register = PostgresIncidents(on.pool, vault)
    scratch = UnnamedFiles(on.settings.spool_path)
    evidence = Evidence(store, vault, kept, register, EvidenceReads(on.pool, store), scratch)
    tell = TellWebhook(shared.webhooks, shared.tenants, vault)
    raising, changing = RaiseIncident(store, register, evidence, tell), ChangeIncidentHandler(store, register, tell)
    stack.push_async_callback(raising.tasks.end)
    stack.push_async_callback(changing.tasks.end)
    return IncidentServices(
        raise_incident=raising,
        change_incident=changing,
        evidence=evidence,
        incident_register=register,
        put_webhook=PutIncidentWebhookHandler(store, shared.tenants, shared.webhooks),
    )
