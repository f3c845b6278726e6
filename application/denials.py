"""Denials, told to the tenant's auditors: counted as they happen, and stored as facts a few seconds later."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby

from application.acting_tenant import acting_for
from application.clock import new_id
from application.execute import FACTS, Context, LoadedAggregate
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.tasks import isolated
from domain.access import PLATFORM_TENANT, Principal
from domain.access_denials import AccessDenied

ROUND_S = 3.0
MOST_OF_A_TENANT = 20
"""Facts that one round stores of a tenant; the rest of its denials are a number."""
MOST_TENANTS = 500
"""Of which one round stores anything, in a process."""


@dataclass(eq=False)
class Denials:
    """Whoever is denied something does not wait for the note, and fills no store by asking again and again."""

    store: EventStore
    _noted: dict[str, Counter[tuple[str, str, str]]] = field(default_factory=dict)
    _more: Counter[str] = field(default_factory=Counter)

    def note(self, principal: Principal, route: str, reason: str) -> None:
        """They were kept from a route. Platforms' operators have no log of a tenant's to be told in."""
        tenant, denied = principal.tenant, (principal.user, route, reason)
        if tenant == PLATFORM_TENANT or (tenant not in self._noted and len(self._noted) >= MOST_TENANTS):
            return
        noted = self._noted.setdefault(tenant, Counter())
        if denied in noted or len(noted) < MOST_OF_A_TENANT:
            noted[denied] += 1
        else:
            self._more[tenant] += 1

    async def store_noted(self, tenants: Tenants) -> None:
        """Store what was noted since the last time of tenants that there are, a stream for each user."""
        noted, more = self._noted, self._more
        self._noted, self._more = {}, Counter()
        for tenant, counts in noted.items():
            with isolated("denials", tenant=tenant), acting_for(tenant):
                if (await tenants.settings(tenant)).name:
                    await self._store(tenant, counts, more[tenant])

    async def _store(self, tenant: str, counts: Counter[tuple[str, str, str]], more: int) -> None:
        for user, denied in groupby(sorted(counts.items()), lambda one: one[0][0]):
            facts = [
                AccessDenied(route=route, reason=reason, count=count, more=more) for (_, route, reason), count in denied
            ]
            stream = LoadedAggregate(self.store, f"{tenant}/denials/{new_id()}", FACTS)
            await stream.append(facts, Context(user))
