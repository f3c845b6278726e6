"""Looks out for what no turn meets by itself, and raises it with the tenants whose it is: once, not at each look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from application.acting_tenant import acting_for
from application.incidents.raise_incident import RaiseIncident
from application.ports.incidents.troubles import Trouble, Troubles
from application.ports.tenants.tenants import Tenants
from domain.access import PLATFORM_TENANT


@dataclass(frozen=True, slots=True)
class LookOut:
    """A round of one process's loops. `shut_out` gives the tenants that met a breaker which has long been open, once
    each time; every process may look, for an incident has one id."""

    raising: RaiseIncident
    tenants: Tenants
    troubles: Troubles
    shut_out: Callable[[], Iterable[str]]

    async def __call__(self) -> None:
        """Raise what is new of it. Tenants that are gone are told nothing."""
        with acting_for(PLATFORM_TENANT):
            troubles = await self.troubles.known()
        now = self.raising.clock()
        for trouble in (*(Trouble(tenant, "breaker_long_open", now) for tenant in self.shut_out()), *troubles):
            with acting_for(trouble.tenant):
                known = await self.tenants.settings(trouble.tenant)
                if known.name and not known.erased:
                    self.raising.by_policy(trouble.tenant, trouble.cause, at=trouble.at)
