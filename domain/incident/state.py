"""What an incident must remember in order to decide."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from domain.event import Event, Shredded
from domain.incident.events import EvidenceFrozen, IncidentChanged, IncidentRaised, Status


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there is one (`status`; None before it is raised), and what its evidence must be (SHA-256, hex)."""

    status: Status | None = None
    sha256: str = ""


def evolve(incident: Incident, event: Event) -> Incident:
    """The incident after `event`."""
    match event:
        case IncidentRaised():
            return Incident(status="open")
        case Shredded() if event.topic == IncidentRaised.TOPIC:
            return Incident(status="open")
        case EvidenceFrozen():
            return replace(incident, sha256=event.sha256)
        case IncidentChanged():
            return replace(incident, status=event.status)
        case _:
            return incident
