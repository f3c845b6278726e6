"""The incidents of a tenant, to be listed."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from domain.incident.events import IncidentRaised, Status


class IncidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it stands: what was raised, what became of it, and whether its evidence is laid down."""

    incident_id: str
    raised: IncidentRaised
    status: Status
    at: datetime
    frozen: bool = False


class IncidentRegister(Protocol):
    """Rows by tenant and id; what was raised is kept sealed with the incident's own key."""

    async def add(self, tenant: str, row: IncidentRow) -> None:
        """Note one; nothing happens when it is noted."""
        ...

    async def fetch(self, tenant: str, incident_id: str) -> IncidentRow | None:
        """One of the tenant's."""
        ...

    async def page(self, tenant: str, raised_by: str | None, *, after: str | None, limit: int) -> list[IncidentRow]:
        """Those that a user raised, or all (None), newest first, after the id `after`."""
        ...

    async def set_status(self, tenant: str, incident_id: str, status: Status) -> None:
        """Note what became of it."""
        ...

    async def set_frozen(self, tenant: str, incident_id: str) -> None:
        """Note that its evidence is laid down."""
        ...
