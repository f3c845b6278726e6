"""The wall of the context: whatever keeps or opens something refuses a tenant that is not the caller's."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import adapters
import projections
from adapters.eventstore.key_vault import KeyVault
from adapters.eventstore.stream_keys import WrappedStreamKeys
from adapters.eventstore.streams import Streams
from adapters.eventstore.tenant_keys import WrappedTenantKeys
from application.acting_tenant import act_for, acting_for, acting_tenant, mismatches
from application.clock import new_id
from application.ports.sessions.session_items import ItemSpace
from domain.event import Envelope
from domain.refusals import ForeignTenant
from domain.session.events import SessionOpened
from projections.audit_reads import AuditFilter

MINE, THEIRS = new_id(), new_id()
STREAM = f"{THEIRS}/session/{new_id()}"
AT = datetime(2026, 11, 1, tzinfo=UTC)
FACT = Envelope(stream=STREAM, version=1, at=AT, event=SessionOpened(user="u", assistant="a"), actor="u")
# What a method is told of whose something is, by the name of its first parameter.
NAMED: dict[str, Any] = {
    "tenant": THEIRS,
    "space": ItemSpace(THEIRS, 1),
    "stream": STREAM,
    "streams": [STREAM],
    "events": [FACT],
    "envelope": FACT,
}
PACKAGES = ("adapters.postgres", "adapters.eventstore", "adapters.valkey", "adapters.dynamodb", "adapters.s3")
# These keep nothing of a tenant's own: counts of what was used, and keys of the key service, which name their tenant.
COUNTERS = {"ValkeyReservations", "KmsKeyAuthority"}
# Behind the wall: what they are asked has passed it, or is the bytes of a fact that was read already.
INSIDE = {
    "Keyring",
    "TenantKeyring",
    "TenantKey",
    "EnvelopeMapper",
    "LaneRecorder",
    "Coalescer",
    "NewKey",
    "Waiting",
    "Recorded",
}
# Jobs that answer nobody see all tenants.
JOBS = {
    "Claims",
    "SessionView",
    "SessionWriter",
    "ParkedSessions",
    "Costs",
    "Audit",
    "TenantAudit",
    "PostgresLeases",
    "LanesOwners",
}
# Who hands on what it is asked, and to which doors: their own walls are met through it.
HANDS_ON: dict[str, dict[str, type]] = {
    "PostgresEventStore": {"_streams": Streams, "vault": KeyVault},
    "KeyVault": {"tenants": WrappedTenantKeys, "streams": WrappedStreamKeys},
    "WrappedStreamKeys": {"_tenants": WrappedTenantKeys},
}
GUESSES: dict[str, Any] = {
    "group": "model",
    "interval": "day",
    "AuditFilter": AuditFilter(),
    "str": "x",
    "bytes": b"x",
    "int": 1,
    "float": 1.0,
    "bool": False,
}


class Anything:
    """Stands for a pool, a client, a sealer: it lets everything pass, so that only the wall can refuse."""

    def __getattr__(self, name: str) -> Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Anything:
        return self

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self

    async def __aenter__(self) -> Anything:
        return self

    async def __aexit__(self, *_: object) -> None:
        """There is nothing to end."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


def doors() -> list[tuple[type, str, str]]:
    """Every method of what keeps something whose first parameter says whose it is; found, not listed."""
    packages = [importlib.import_module(name) for name in PACKAGES]
    names = [f"{p.__name__}.{m.name}" for p in packages for m in pkgutil.iter_modules(p.__path__)]
    names += [f"projections.{m.name}" for m in pkgutil.iter_modules(projections.__path__)]
    found = []
    for module in map(importlib.import_module, names):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ != module.__name__ or name in COUNTERS | INSIDE | JOBS:
                continue
            for method, function in inspect.getmembers(kind, inspect.isfunction):
                parameters = list(inspect.signature(function).parameters)[1:2]
                named = bool(parameters) and parameters[0] in NAMED and not method.startswith("_")
                if named:
                    found.append((kind, method, parameters[0]))
    return found


DOORS = doors()


def test_the_doors_were_found() -> None:
    assert adapters.__path__
    kinds = {kind.__name__ for kind, _, _ in DOORS}
    assert kinds >= {
        "PostgresCorpus", "PostgresDatasets", "PostgresSemanticCache", "PostgresEventStore", "KeyVault", "AuditReads",
        "ValkeyExactCache", "ValkeyStepReplies", "ValkeyFeedTail", "DynamoSessionItems", "CostReads", "LedgerSpending",
        "PostgresUserNames", "SessionReads",
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "method", "whose"), DOORS, ids=[f"{k.__name__}.{m}" for k, m, _ in DOORS])
async def test_another_tenant_than_the_callers_is_refused(kind: Any, method: str, whose: str) -> None:
    door = getattr(opened(kind), method)
    with acting_for(MINE), pytest.raises(ForeignTenant):
        await finished(door(NAMED[whose], **guesses(door)))


def opened(kind: Any) -> Any:
    """One whose attributes let everything pass, but for other doors."""
    doors = HANDS_ON.get(kind.__name__, {})

    def attribute(_: Any, name: str) -> Any:
        return opened(doors[name]) if name in doors else Anything()

    open_: Any = type(kind.__name__, (kind,), {"__getattr__": attribute})
    return open_.__new__(open_)


async def finished(work: Any) -> None:
    """Whatever it is that a method gives, to its end."""
    if isinstance(work, AsyncIterator):
        async for _ in work:
            pass
    else:
        await work


def guesses(door: Callable[..., Any]) -> dict[str, Any]:
    """Something for each further parameter that has no default."""
    rest = list(inspect.signature(door).parameters.values())[1:]
    asked = [parameter for parameter in rest if parameter.default is inspect.Parameter.empty]
    return {p.name: GUESSES.get(p.name, GUESSES.get(str(p.annotation), Anything())) for p in asked}


async def test_it_is_said_once_and_holds_in_every_task_that_follows() -> None:
    async def later() -> str:
        await asyncio.sleep(0)
        return acting_tenant(MINE)

    async def request() -> str:
        act_for(MINE)
        return await asyncio.create_task(later())

    assert await asyncio.create_task(request()) == MINE
    with acting_for(THEIRS):
        assert acting_tenant(THEIRS) == THEIRS


@pytest.mark.parametrize(("acting", "kind"), [("", "unsaid"), (THEIRS, "foreign")], ids=["unsaid", "foreign"])
def test_what_is_refused_is_counted(acting: str, kind: str) -> None:
    before = mismatches[kind]
    with acting_for(acting), pytest.raises(ForeignTenant):
        acting_tenant(MINE)
    assert mismatches[kind] == before + 1
