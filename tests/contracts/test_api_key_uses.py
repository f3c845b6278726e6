"""When keys were last used: the later time stays, and each tenant has its own; in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.postgres.api_key_uses import PostgresApiKeyUses
from adapters.postgres.pool import open_pool
from application.acting_tenant import acting_for
from application.clock import new_id, now
from application.ports.people.api_key_uses import ApiKeyUses
from domain.refusals import ForeignTenant
from tests.databases import logins_of
from tests.fakes.in_memory_api_key_uses import InMemoryApiKeyUses


@pytest.fixture(params=["in memory", pytest.param("postgres", marks=pytest.mark.real)])
async def uses(request: pytest.FixtureRequest) -> AsyncIterator[ApiKeyUses]:
    if request.param == "in memory":
        yield InMemoryApiKeyUses()
        return
    async with open_pool(logins_of(request.getfixturevalue("database")).app, max_size=2) as pool:
        yield PostgresApiKeyUses(pool)


async def test_the_later_time_stays_and_tenants_have_their_own(uses: ApiKeyUses) -> None:
    mine, theirs, one, two = new_id(), new_id(), new_id(), new_id()
    early, late = now(), now() + timedelta(minutes=1)
    with acting_for(mine):
        await uses.keep(mine, {one: early, two: late})
        await uses.keep(mine, {one: late, two: early})
        assert await uses.fetch(mine) == {one: late, two: late}
        await uses.remove(mine, two)
        assert await uses.fetch(mine) == {one: late}
    with acting_for(theirs):
        assert await uses.fetch(theirs) == {}
        if isinstance(uses, PostgresApiKeyUses):
            with pytest.raises(ForeignTenant):
                await uses.fetch(mine)
