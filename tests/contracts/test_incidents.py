"""The register of incidents keeps its promises, in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from adapters.postgres.incidents import PostgresIncidents
from adapters.postgres.pool import open_pool
from application.clock import new_id
from application.ports.incidents.incident_register import IncidentRegister, IncidentRow
from domain.incident.events import IncidentRaised
from tests.databases import logins_of
from tests.fakes.in_memory_incidents import InMemoryIncidents
from tests.fakes.in_memory_sealer import InMemorySealer

AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.real)])
async def incidents(request: pytest.FixtureRequest) -> AsyncIterator[IncidentRegister]:
    if request.param == "memory":
        yield InMemoryIncidents()
        return
    async with open_pool(logins_of(request.getfixturevalue("database")).app) as pool:
        yield PostgresIncidents(pool, InMemorySealer())


def row(by: str = "ada") -> IncidentRow:
    raised = IncidentRaised(title="Ä “b”", text="words", severity="high", raised_by=by, session_id="s", upto=7)
    return IncidentRow(incident_id=new_id(), raised=raised, status="open", at=AT)


async def test_incidents_are_noted_listed_and_changed(incidents: IncidentRegister) -> None:
    mine, theirs = new_id(), new_id()
    first, second, other = row(), row(), row("bob")
    for one in (first, second, other, first):
        await incidents.add(mine, one)
    assert await incidents.fetch(mine, first.incident_id) == first
    assert await incidents.fetch(theirs, first.incident_id) is None
    assert await incidents.page(mine, None, after=None, limit=5) == [other, second, first]
    assert await incidents.page(mine, "ada", after=None, limit=1) == [second]
    assert await incidents.page(mine, "ada", after=second.incident_id, limit=5) == [first]
    assert await incidents.page(theirs, None, after=None, limit=5) == []
    await incidents.set_status(mine, first.incident_id, "acknowledged")
    await incidents.set_frozen(mine, first.incident_id)
    assert await incidents.fetch(mine, first.incident_id) == replace(first, status="acknowledged", frozen=True)
