"""An admin says how long the tenant keeps what."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.refusals import InvalidField
from domain.tenant import rules
from domain.tenant.events import Retention

MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class PutRetentionHandler:
    """What is over already goes with the next round."""

    store: EventStore
    tenants: Tenants

    async def __call__(self, principal: Principal, retention: Retention) -> Retention:
        """The retention as it is now. `InvalidField`."""
        for name in Retention.__struct_fields__:
            days = getattr(retention, name)
            if days is not None and not 1 <= days <= MOST_DAYS:
                raise InvalidField(f"{name}: 1 to {MOST_DAYS} days, or null for ever")
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        held = await execute(
            self.store, stream, TENANT, lambda tenant: rules.put_retention(tenant, retention), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
        return held.state.retention
