"""What tenants have set, held in memory: a turn does not load its tenant each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from application.bounded_cache import BoundedCache
from application.clock import Seconds, monotonic
from application.execute import TENANT, LoadedAggregate
from application.ports.facts.event_store import WatchedStore
from application.ports.tenants.tenants import FRESH_S
from domain.access import Principal
from domain.refusals import AssistantNotFound
from domain.tenant.assistant import Assistant
from domain.tenant.state import Tenant

MOST = 10_000
Denied = Callable[[Principal, str, str], None]
"""Told of whoever was kept from something: what it was, and why."""
MOST_BYTES = 256 * 1024 * 1024


def _nobody_asks(principal: Principal, what: str, why: str) -> None:
    """For a process in which no denial is told."""


@dataclass(eq=False)
class _Known:
    held: LoadedAggregate[Tenant]
    weighed: int = -1
    at: float = float("-inf")
    catching_up: asyncio.Lock = field(default_factory=asyncio.Lock)


class CachedTenants:
    """See `application.ports.tenants.tenants.Tenants`: tenant aggregates that catch up when the store tells of a
    change."""

    def __init__(self, store: WatchedStore, clock: Seconds = monotonic, denied: Denied = _nobody_asks) -> None:
        self._store, self._clock, self._denied = store, clock, denied
        self._known: BoundedCache[str, _Known] = BoundedCache(items=MOST, size=MOST_BYTES)
        store.on_tenant_change(self._changed)

    async def assistant(self, tenant: str, name: str) -> tuple[Assistant, int]:
        """An assistant and its version; `AssistantNotFound` also when there is no such tenant."""
        state = await self.settings(tenant)
        found = state.assistants.get(name) if state.name else None
        if found is None:
            raise AssistantNotFound
        return found, state.versions.get(name, 0)

    async def assistant_for(self, principal: Principal, name: str) -> tuple[Assistant, int]:
        """See the port."""
        assistant, version = await self.assistant(principal.tenant, name)
        if not assistant.is_for(principal.roles, principal.groups):
            self._denied(principal, f"assistant {name}", "forbidden")
            raise AssistantNotFound
        return assistant, version

    def forget(self, tenant: str) -> None:
        """Look again the next time."""
        self._known.pop(tenant)

    def _changed(self, tenant: str) -> None:
        known = self._known.get(tenant)
        for stale in [known] if known else [] if tenant else self._known.values():
            stale.at = float("-inf")

    async def settings(self, tenant: str, fresh_s: float = FRESH_S) -> Tenant:
        """See the port."""
        known = self._known.get(tenant)
        if known is None:
            known = _Known(LoadedAggregate(self._store, f"{tenant}/tenant/{tenant}", TENANT))
            self._known.put(tenant, known)
        if self._stale(known, fresh_s) or known.catching_up.locked():
            async with known.catching_up:
                if self._stale(known, fresh_s):
                    await self._catch_up(known)
                    self._weigh(tenant, known)
        return known.held.state

    def _weigh(self, tenant: str, known: _Known) -> None:
        """Count how large it is by now, if it is another."""
        if known.weighed != known.held.version and self._known.get(tenant) is known:
            known.weighed = known.held.version
            self._known.put(tenant, known, len(msgspec.msgpack.encode(known.held.state)))

    def _stale(self, known: _Known, fresh_s: float) -> bool:
        return self._clock() - known.at >= fresh_s

    async def _catch_up(self, known: _Known) -> None:
        known.at = self._clock()  # before the read: a change that is told meanwhile makes it stale again
        try:
            await known.held.catch_up()
        except BaseException:
            known.at = float("-inf")
            raise
