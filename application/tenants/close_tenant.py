"""An operator closes a tenant, whose people are then let in no more, or opens it again; nothing of it is lost."""

from __future__ import annotations

from dataclasses import dataclass

from application.acting_tenant import acting_for
from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import TenantDirectory, TenantRow, Tenants
from application.revocations import Revocations
from application.users import Users
from domain.access import Principal
from domain.refusals import NotFound
from domain.tenant import rules
from domain.tenant.commands import CloseTenant


@dataclass(frozen=True, slots=True)
class CloseTenantHandler:
    """As with tokens: the refusal first, then the fact."""

    store: EventStore
    tenants: Tenants
    directory: TenantDirectory
    users: Users
    revocations: Revocations

    async def __call__(self, principal: Principal, tenant: str, *, active: bool) -> TenantRow:
        """The tenant as the directory has it; `NotFound`."""
        rows = await self.directory.known([tenant])
        if not rows:
            raise NotFound
        command = CloseTenant(closed=not active)
        with acting_for(tenant):  # an operator acts for the platform, and here for the tenant that is closed
            await self.revocations.close_tenant(tenant, lifted=active)
            by = await self.users.known(tenant, principal.name)
            await execute(
                self.store,
                f"{tenant}/tenant/{tenant}",
                TENANT,
                lambda state: rules.close_tenant(state, command),
                Context(by),
            )
        self.tenants.forget(tenant)
        return rows[0]
