"""An admin takes one of the tenant's assistants away."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.tenant import rules
from domain.tenant.commands import DeleteAssistant


@dataclass(frozen=True, slots=True)
class DeleteAssistantHandler:
    """Its sessions can still be read; a new turn in one of them is refused with `assistant_not_found`."""

    store: EventStore
    tenants: Tenants

    async def __call__(self, principal: Principal, name: str) -> None:
        """`NotFound`; `InUse` for the one that every tenant has."""
        command = DeleteAssistant(name=name)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        await execute(
            self.store, stream, TENANT, lambda tenant: rules.delete_assistant(tenant, command), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
