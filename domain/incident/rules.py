"""The rules of an incident."""

from __future__ import annotations

from typing import get_args

from domain.event import Event
from domain.incident.events import EvidenceFrozen, IncidentChanged, IncidentRaised, Status
from domain.incident.state import Incident
from domain.refusals import InvalidField, NotFound

ORDER: tuple[Status, ...] = get_args(Status)


def raise_incident(incident: Incident, raised: IncidentRaised) -> list[Event]:
    """Raised once: a policy's incident of a day has one id, so that the same again, also after it was closed, is no
    news before the next day."""
    return [] if incident.status else [raised]


def freeze_evidence(incident: Incident, frozen: EvidenceFrozen) -> list[Event]:
    """Evidence is laid down once."""
    return [] if incident.sha256 or not incident.status else [frozen]


def change_incident(incident: Incident, changed: IncidentChanged) -> list[Event]:
    """Forwards alone: open, acknowledged, closed."""
    if incident.status is None:
        raise NotFound
    if changed.status == incident.status:
        return []
    if ORDER.index(changed.status) < ORDER.index(incident.status):
        raise InvalidField(f"status: the incident is {incident.status} already; raise another one")
    return [changed]
