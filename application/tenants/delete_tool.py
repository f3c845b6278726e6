"""An admin takes one of the tenant's tools away."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.tenant import rules
from domain.tenant.commands import DeleteTool


@dataclass(frozen=True, slots=True)
class DeleteToolHandler:
    """What it was signed with is never used again, whatever is put under its name."""

    store: EventStore
    tenants: Tenants

    async def __call__(self, principal: Principal, name: str) -> None:
        """`NotFound`; `InUse` names the assistants that have it."""
        command = DeleteTool(name=name)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        await execute(
            self.store, stream, TENANT, lambda tenant: rules.delete_tool(tenant, command), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
