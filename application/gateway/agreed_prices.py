"""What a call costs its tenant where that is not what is listed: the price that holds when the call leaves."""

from __future__ import annotations

from dataclasses import dataclass

from application.clock import now
from application.ports.tenants.tenants import Tenants
from domain.tenant.events import AgreedPrice
from domain.tenant.rules import price_at


@dataclass(frozen=True, slots=True)
class AgreedPrices:
    """Asks what the tenant has set, as it is at hand: a price that was agreed on a moment ago may come too late for a
    call, which `colloquy reconcile` then brings to it."""

    tenants: Tenants

    async def __call__(self, tenant: str, model: str) -> AgreedPrice | None:
        """None: as listed."""
        settings = await self.tenants.settings(tenant)
        return price_at(settings, model, now()) if settings.prices else None
