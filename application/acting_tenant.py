"""The tenant that is acted for: said once, where work begins, and compared with what it then names and reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

from domain.refusals import ForeignTenant

EVERY = "*"
"""What a job acts for that answers nobody and meets facts of all tenants. It never stands for a caller."""

_acting: ContextVar[str] = ContextVar("acting_tenant", default="")
mismatches: Counter[str] = Counter()
"""How often work named another tenant than it acts for, or read what bears another; the metric
`colloquy_tenant_mismatch_total`."""
log = structlog.get_logger()


def act_for(tenant: str) -> None:
    """Say it for the rest of this task and for the tasks that it starts: at the edge, from the caller's credentials."""
    _acting.set(tenant)


@contextmanager
def acting_for(tenant: str) -> Iterator[None]:
    """Say it for a block: where a loop of the process turns to one tenant's session."""
    before = _acting.set(tenant)
    try:
        yield
    finally:
        _acting.reset(before)


def acting() -> str:
    """Whom the work is for, as it was said: "" where nobody said it."""
    return _acting.get()


def acts_for_every() -> bool:
    """Whether this is the work of a job that answers nobody."""
    return _acting.get() == EVERY


def acting_tenant(named: str) -> str:
    """The tenant that is acted for, which must be the one that the work names: `ForeignTenant` and an alarm otherwise,
    and also where nobody said for whom the work is. Whatever confines a store takes this, never the name alone."""
    acting = _acting.get()
    if acting == EVERY:
        return named
    if not acting or acting != named:
        mismatches["foreign" if acting else "unsaid"] += 1
        log.critical("tenant_mismatch", acting=acting, named=named, stack_info=True)
        raise ForeignTenant
    return acting


def bears(tenant: str, stamp: str) -> bool:
    """Whether what was read out of a store or a cache is this tenant's, by the stamp that it bears: its stream or its
    key, which begins with whose it is. What bears another's is to be taken for absent; it is an alarm."""
    if stamp.startswith((f"{tenant}/", f"{tenant}#")):
        return True
    mismatches["stored"] += 1
    log.critical("foreign_stamp", tenant=tenant, found=stamp[:36])
    return False
