"""An admin says which server is told of the tenant's incidents."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.ports.tools.webhooks import Webhooks
from domain.access import Principal
from domain.tenant import rules
from domain.tenant.commands import PutIncidentWebhook


@dataclass(frozen=True, slots=True)
class PutIncidentWebhookHandler:
    """An address that may never be called is refused here, by the rules of tools' webhooks."""

    store: EventStore
    tenants: Tenants
    webhooks: Webhooks

    async def __call__(self, principal: Principal, url: str) -> str:
        """The address as it is now; empty for none. `InvalidField`."""
        if url:
            await self.webhooks.check(url)
        command = PutIncidentWebhook(url=url)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        held = await execute(
            self.store,
            stream,
            TENANT,
            lambda tenant: rules.put_incident_webhook(tenant, command),
            Context(principal.user),
        )
        self.tenants.forget(principal.tenant)
        return held.state.incident_webhook
