"""An admin defines one of the tenant's assistants, whole."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.plan.plan import check_plan
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.tenant import rules
from domain.tenant.assistant import Assistant
from domain.tenant.commands import PutAssistant
from domain.tenant.definitions import check_assistant


@dataclass(frozen=True, slots=True)
class PutAssistantHandler:
    """Stores the definition, and makes this process see it at once."""

    store: EventStore
    tenants: Tenants

    async def __call__(self, principal: Principal, name: str, assistant: Assistant) -> tuple[Assistant, int]:
        """The assistant as it is now, with its version; `InvalidField` says what cannot be."""
        check_assistant(name, assistant)
        check_plan(assistant.plan)
        command = PutAssistant(name=name, assistant=assistant)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        held = await execute(
            self.store, stream, TENANT, lambda tenant: rules.put_assistant(tenant, command), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
        return assistant, held.state.versions.get(name, 0)
