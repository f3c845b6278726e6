"""An auditor reads a tenant's history: that is itself a fact, stored before there is an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from application.clock import new_id
from application.execute import FACTS, Context, LoadedAggregate
from application.ports.facts.event_store import EventStore
from domain.access import Principal
from domain.audit_reads import AuditRead


@dataclass(frozen=True, slots=True)
class NoteAuditReadHandler:
    """Each reading has a stream of its own."""

    store: EventStore

    async def __call__(self, auditor: Principal, after: int, filters: Mapping[str, str]) -> None:
        """Store that they read from the position `after` on, and what they filtered by."""
        read = AuditRead(user=auditor.user, after=after, filters=dict(filters))
        reading = LoadedAggregate(self.store, f"{auditor.tenant}/audit/{new_id()}", FACTS)
        await reading.append([read], Context(auditor.user))
