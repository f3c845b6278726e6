"""An incident is raised by a member, or by a policy: once a day for each cause, however often it is met."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from application.acting_tenant import acting_for
from application.clock import Moment, new_id, now
from application.execute import INCIDENT, Context, LoadedAggregate
from application.incidents.evidence import Evidence
from application.incidents.tell_webhook import TellWebhook
from application.ports.facts.event_store import EventStore
from application.ports.incidents.incident_register import IncidentRegister, IncidentRow
from application.sessions.live_session import LiveSession
from application.tasks import TaskSet
from domain.access import Principal
from domain.event import StreamId
from domain.incident.events import Cause, IncidentRaised, Severity
from domain.incident.rules import raise_incident
from domain.refusals import TurnNotFound

MOST_KNOWN = 10_000
POLICY = "policy"
SAID: dict[Cause, tuple[Severity, str, str]] = {
    "budget_out": (
        "high",
        "The budget is used up",
        "Calls of models are refused until the period ends or the budget is raised.",
    ),
    "private_value_blocked": (
        "medium",
        "A private value was blocked",
        "A turn was ended because it holds a private value of a kind that this tenant does not allow.",
    ),
    "models_down": (
        "high",
        "No model answered",
        "A turn failed because neither its model nor the one that it fails over to could bring an answer to its end.",
    ),
    "tampering_found": (
        "high",
        "The audit log was tampered with",
        "A check found facts that are not what was signed; `colloquy audit verify` names each by its position.",
    ),
    "breaker_long_open": (
        "medium",
        "A model has been failing for long",
        "It is passed over since it failed too often, and has not come back; another model answers in its place.",
    ),
    "facts_parked": (
        "medium",
        "A view does not show all that happened",
        "A read model could not follow a session, which waits until it is tried again; the facts are stored.",
    ),
}
"""What a policy says of each cause; never anything that a person wrote."""


@dataclass(frozen=True, slots=True)
class RaiseIncident:
    """Stores it, and sees to its evidence and to who is told while nobody waits."""

    store: EventStore
    register: IncidentRegister
    evidence: Evidence
    tell: TellWebhook
    clock: Moment = now
    tasks: TaskSet = field(default_factory=partial(TaskSet, "incident"))
    _known: dict[str, None] = field(default_factory=dict)

    async def by_member(
        self,
        principal: Principal,
        *,
        title: str,
        text: str,
        severity: Severity = "medium",
        live: LiveSession | None = None,
        turn_id: str = "",
    ) -> str:
        """The id of a new incident, about one of the member's sessions, or a turn of it, if it is about any.
        `TurnNotFound`."""
        if turn_id and (live is None or live.state.turn(turn_id) is None):
            raise TurnNotFound
        raised = IncidentRaised(
            title=title,
            text=text,
            severity=severity,
            raised_by=principal.user,
            session_id=live.id.id if live else "",
            turn_id=turn_id,
            upto=live.held.version if live else 0,
        )
        incident_id = new_id()
        await self._raise(principal.tenant, incident_id, raised, principal.user)
        return incident_id

    def by_policy(
        self,
        tenant: str,
        cause: Cause,
        *,
        session_id: str = "",
        turn_id: str = "",
        upto: int = 0,
        at: datetime | None = None,
    ) -> None:
        """Raise it behind the caller's back, unless the tenant has one of that cause and day: today's, unless it is
        known since `at`."""
        at = at or self.clock()
        period = f"{at:%Y-%m-%d}"
        incident_id = policy_id(tenant, cause, at)
        if incident_id in self._known:
            return
        self._remember(incident_id)
        severity, title, text = SAID[cause]
        raised = IncidentRaised(
            title=title,
            text=text,
            severity=severity,
            raised_by=POLICY,
            cause=cause,
            period=period,
            session_id=session_id,
            turn_id=turn_id,
            upto=upto,
        )
        self.tasks.start(self._by_policy(tenant, incident_id, raised))

    async def _by_policy(self, tenant: str, incident_id: str, raised: IncidentRaised) -> None:
        with acting_for(tenant):
            try:
                await self._raise(tenant, incident_id, raised, POLICY)
            except BaseException:
                self._known.pop(incident_id, None)  # the next time it is met it is tried again
                raise

    async def _raise(self, tenant: str, incident_id: str, raised: IncidentRaised, actor: str) -> None:
        held = LoadedAggregate(self.store, str(StreamId(tenant, "incident", incident_id)), INCIDENT)
        await held.catch_up()
        new = await held.execute(lambda incident: raise_incident(incident, raised), Context(actor))
        if not new and await self.register.fetch(tenant, incident_id):
            return
        # One that was stored and not noted, for its process ended between the two, is noted now.
        row = IncidentRow(incident_id=incident_id, raised=raised, status="open", at=self.clock())
        await self.register.add(tenant, row)
        self.tasks.start(self.evidence.freeze(tenant, row, patient=True))
        self.tasks.start(self.tell(tenant, row))

    def _remember(self, incident_id: str) -> None:
        self._known[incident_id] = None
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]


def policy_id(tenant: str, cause: Cause, at: datetime) -> str:
    """The one id that a policy's incident of that cause has on that day (a UUIDv7 of its beginning): whichever process
    meets the cause, and however often, the event store takes it once."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    drawn = hashlib.sha256(f"{tenant} {cause} {day:%Y-%m-%d}".encode()).digest()[:10]
    whole = bytearray(int(day.timestamp() * 1000).to_bytes(6, "big") + drawn)
    whole[6], whole[8] = 0x70 | whole[6] & 0x0F, 0x80 | whole[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(whole)))
