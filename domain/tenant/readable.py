"""Which of a tenant's documents somebody may read, by the collections that they are in."""

from __future__ import annotations

from collections.abc import Iterable

from domain.access import Principal
from domain.tenant.state import Tenant

OPEN = ""
"""Stands for the documents that are in no collection: whoever may read documents may read those."""
ONLY_OPEN = (OPEN,)


def readable(tenant: Tenant, principal: Principal) -> tuple[str, ...]:
    """The names of the collections whose documents somebody may read, in order, behind `OPEN`."""
    theirs = (
        name
        for name, one in tenant.collections.items()
        if one.is_for(principal.user, principal.roles, principal.groups)
    )
    return (OPEN, *sorted(theirs))


def narrowed(to: tuple[str, ...], wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of the collections that are wanted; all of them where none is."""
    names = frozenset(wanted)
    return tuple(name for name in to if name in names) if names else to
