"""An admin acknowledges or closes an incident."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from application.execute import INCIDENT, Context, execute
from application.incidents.tell_webhook import TellWebhook
from application.ports.facts.event_store import EventStore
from application.ports.incidents.incident_register import IncidentRegister, IncidentRow
from application.tasks import TaskSet
from domain.access import Principal
from domain.event import StreamId
from domain.incident.events import IncidentChanged, Status
from domain.incident.rules import change_incident
from domain.refusals import NotFound


@dataclass(frozen=True, slots=True)
class ChangeIncidentHandler:
    """Stores it, and tells the tenant's server while nobody waits."""

    store: EventStore
    register: IncidentRegister
    tell: TellWebhook
    tasks: TaskSet = field(default_factory=partial(TaskSet, "incident_news"))

    async def __call__(self, principal: Principal, incident_id: str, status: Status) -> IncidentRow:
        """The incident as it is now. `NotFound`; `InvalidField` for a step backwards."""
        row = await self.register.fetch(principal.tenant, incident_id)
        if row is None:
            raise NotFound
        changed = IncidentChanged(status=status, by=principal.user)
        stream = str(StreamId(principal.tenant, "incident", incident_id))
        held = await execute(
            self.store, stream, INCIDENT, lambda incident: change_incident(incident, changed), Context(principal.user)
        )
        assert held.state.status is not None, "the rule refuses what is absent"
        await self.register.set_status(principal.tenant, incident_id, held.state.status)
        now_so = replace(row, status=held.state.status)
        if now_so.status != row.status:
            self.tasks.start(self.tell(principal.tenant, now_so))
        return now_so
