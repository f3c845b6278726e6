"""What tenants have set, held in memory: a turn does not load its tenant each time."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from application.execute import TENANT, Held
from application.ports.event_store import EventStore
from domain.refusals import AssistantNotFound
from domain.tenant.events import Assistant
from domain.tenant.state import Tenant

FRESH_S = 2.0
MOST = 10_000


@dataclass(eq=False)
class _Known:
    held: Held[Tenant]
    at: float = float("-inf")
    catching_up: asyncio.Lock = field(default_factory=asyncio.Lock)


class KnownTenants:
    """See `application.ports.tenants.Tenants`: tenant aggregates that catch up when they are two seconds old."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def assistant(self, tenant: str, name: str) -> tuple[Assistant, int]:
        """An assistant and its version; `AssistantNotFound` also when there is no such tenant."""
        state = await self.settings(tenant)
        found = state.assistants.get(name) if state.name else None
        if found is None:
            raise AssistantNotFound
        return found, state.versions.get(name, 0)

    def forget(self, tenant: str) -> None:
        """Look again the next time."""
        self._known.pop(tenant, None)

    async def settings(self, tenant: str) -> Tenant:
        """See the port."""
        known = self._known.get(tenant)
        if known is None:
            known = self._known[tenant] = _Known(Held(self._store, f"{tenant}/tenant/{tenant}", TENANT))
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(tenant)
        async with known.catching_up:
            if time.monotonic() - known.at >= FRESH_S:
                began = time.monotonic()
                await known.held.catch_up()
                known.at = began
        return known.held.state
