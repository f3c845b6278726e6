"""What can happen to an incident."""

from __future__ import annotations

from typing import Literal

from domain.event import Event, topic

Severity = Literal["low", "medium", "high"]
Status = Literal["open", "acknowledged", "closed"]
Cause = Literal[
    "person",
    "budget_out",
    "private_value_blocked",
    "models_down",
    "tampering_found",
    "breaker_long_open",
    "facts_parked",
]


@topic("incident.raised.1", private=True)
class IncidentRaised(Event, frozen=True, kw_only=True):
    """Something went wrong, by the word of a member (`raised_by`, a pseudonym) or of a policy: then `cause` says which,
    and `period` for which day. It may be about a session, as that was at version `upto`, and a turn of it."""

    title: str
    text: str
    severity: Severity = "medium"
    raised_by: str = ""
    cause: Cause = "person"
    period: str = ""
    session_id: str = ""
    turn_id: str = ""
    upto: int = 0


@topic("incident.evidence_frozen.1")
class EvidenceFrozen(Event, frozen=True, kw_only=True):
    """A copy of so many facts, with their leaf hashes, was laid down; `sha256` (hex) is of it."""

    facts: int
    sha256: str


@topic("incident.changed.1")
class IncidentChanged(Event, frozen=True, kw_only=True):
    """An admin looked after it, or is done with it."""

    status: Status
    by: str
