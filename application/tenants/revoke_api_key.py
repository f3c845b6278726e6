"""An admin takes an API key back: from then on it opens nothing."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.tenants.api_keys import ApiKeys
from domain.access import Principal
from domain.tenant import rules
from domain.tenant.commands import RevokeApiKey


@dataclass(frozen=True, slots=True)
class RevokeApiKeyHandler:
    """Sockets that were opened with it are closed by the watchdog of each process."""

    store: EventStore
    tenants: Tenants
    keys: ApiKeys

    async def __call__(self, principal: Principal, key_id: str) -> None:
        """`NotFound` when the tenant has no such key."""
        tenant, command = principal.tenant, RevokeApiKey(key_id=key_id)
        await execute(
            self.store,
            f"{tenant}/tenant/{tenant}",
            TENANT,
            lambda state: rules.revoke_api_key(state, command),
            Context(principal.user),
        )
        self.tenants.forget(tenant)
        await self.keys.forget(tenant, key_id)
