"""`IncidentRegister` and `EvidenceSource` in memory."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec.structs import replace

from application.ports.incidents.evidence import AuditedFact
from application.ports.incidents.incident_register import IncidentRow
from domain.event import Shredded
from domain.incident.events import Status
from tests.fakes.in_memory_event_store import InMemoryEventStore


class InMemoryIncidents:
    """Rows by tenant and id."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], IncidentRow] = {}

    async def add(self, tenant: str, row: IncidentRow) -> None:
        self.rows.setdefault((tenant, row.incident_id), row)

    async def fetch(self, tenant: str, incident_id: str) -> IncidentRow | None:
        return self.rows.get((tenant, incident_id))

    async def page(self, tenant: str, raised_by: str | None, *, after: str | None, limit: int) -> list[IncidentRow]:
        found = [row for (whose, _), row in self.rows.items() if whose == tenant]
        own = [row for row in found if raised_by is None or row.raised.raised_by == raised_by]
        newest = sorted(own, key=lambda row: row.incident_id, reverse=True)
        return [row for row in newest if after is None or row.incident_id < after][:limit]

    async def set_status(self, tenant: str, incident_id: str, status: Status) -> None:
        self.rows[tenant, incident_id] = replace(self.rows[tenant, incident_id], status=status)

    async def set_frozen(self, tenant: str, incident_id: str) -> None:
        self.rows[tenant, incident_id] = replace(self.rows[tenant, incident_id], frozen=True)


class StoredFacts:
    """Facts straight from a store; `behind` looks find nothing yet."""

    def __init__(self, store: InMemoryEventStore, behind: int = 0) -> None:
        self._store, self.behind = store, behind

    async def facts(self, tenant: str, session_id: str, upto: int) -> list[AuditedFact] | None:
        if self.behind:
            self.behind -= 1
            return None
        found = await self._store.load(f"{tenant}/session/{session_id}", upto=upto)
        return [
            AuditedFact(
                position=one.version,
                stream=one.stream,
                version=one.version,
                kind=type(one.event).TOPIC,
                at=one.at,
                actor=one.actor,
                leaf=(leaf := f"{one.stream} {one.version}".encode()),
                leaf_hash=hashlib.sha256(b"\x00" + leaf).digest(),
                data=None if isinstance(one.event, Shredded) else msgspec.to_builtins(one.event),
            )
            for one in found
        ]
