"""Which database holds a tenant: said once, for all processes, and by nobody else's word."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.database_transactions import OnePool, one_statement, tenant_transaction
from adapters.postgres.lane_directory import HeldTenants, LaneDirectory, LanePools
from adapters.postgres.pool import open_pool
from application.acting_tenant import EVERY, act_for
from application.clock import new_id
from domain.access import PLATFORM_TENANT
from domain.refusals import DependencyUnavailable
from tests.databases import known, logins_of, worker_of

pytestmark = pytest.mark.real
DATABASES = 3


@pytest.fixture
async def pool(database: str) -> AsyncIterator[OnePool]:
    async with open_pool(logins_of(database).app, max_size=2) as found:
        yield found


def born_in(number: int) -> str:
    """The id of a new tenant that goes to one of three databases."""
    while (id := new_id()) and zlib.crc32(id.encode()) % DATABASES != number:
        pass
    return id


async def test_a_tenant_is_placed_once_and_who_was_there_before_stays(pool: OnePool, database: str) -> None:
    directory, born, settled = LaneDirectory(pool, DATABASES), born_in(2), born_in(1)
    await known(pool, settled)
    assert [await directory.database_of(t) for t in (born, settled, PLATFORM_TENANT)] == [2, 0, 0]
    # One more database, and another process: nobody moves. One that knows fewer does not guess.
    later = LaneDirectory(pool, DATABASES + 1)
    assert [await later.database_of(t) for t in (born, settled)] == [2, 0]
    with pytest.raises(DependencyUnavailable, match="not told"):
        await LaneDirectory(pool, 2).database_of(born)
    async with open_pool(worker_of(database), max_size=1) as worker:
        never = new_id()
        assert await HeldTenants(worker, 2).among([settled, never, born]) == [born]
        assert await HeldTenants(worker, 0).among([settled, never, born]) == [settled, never]


async def test_nobody_places_another_tenant_or_sees_where_it_is(pool: OnePool) -> None:
    mine, theirs = new_id(), new_id()
    await LaneDirectory(pool, DATABASES).database_of(theirs)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with tenant_transaction(pool, mine) as connection:
            await connection.execute("SELECT place_tenant(%s, 1)", (theirs,))
    async with tenant_transaction(pool, mine) as connection:
        cursor = await connection.execute("SELECT count(*) FROM tenant_lanes WHERE tenant = %s", (theirs,))
        assert await cursor.fetchone() == (0,)


async def test_a_statement_for_nobody_goes_nowhere(pool: OnePool) -> None:
    pools, tenant = LanePools([pool] * DATABASES, LaneDirectory(pool, DATABASES)), new_id()
    act_for(EVERY)
    with pytest.raises(RuntimeError, match="say for which"):
        async with one_statement(pools):
            pass
    async with one_statement(pools, tenant) as connection:
        assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
