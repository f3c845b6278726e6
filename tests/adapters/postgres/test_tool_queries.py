"""What a tool asks ends by its deadline, whatever PostgreSQL does; it takes nobody's place, and bounded memory."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from adapters.database_transactions import Connection, Pool, one_statement
from adapters.postgres.backend_limits import NICE, limit_backend
from adapters.postgres.pool import open_pool
from adapters.postgres.tool_queries import TookTooLong, ToolQueries
from application.clock import new_id
from domain.refusals import DependencyUnavailable, Overloaded
from tests.databases import logins_of

pytestmark = pytest.mark.real
# PostgreSQL does not look at its signals while it evaluates one expression of one row.
DEAF = "SELECT repeat('a', {size}) LIKE '%' || repeat('a', 2000) || 'b%'"
BUSY = "SELECT count(*) FROM generate_series(1, 100000) AS a, generate_series(1, 100000) AS b"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(logins_of(database).tools, max_size=2) as opened:
        yield opened


def asking(sql: str) -> Any:
    async def ask(connection: Connection, is_limited: bool) -> Any:
        return await (await connection.execute(sql.encode())).fetchone()

    return ask


async def ended(queries: ToolQueries) -> None:
    """All that was being ended."""
    await queries._ending.join(60)


@pytest.mark.parametrize("sql", [BUSY, DEAF.format(size=800_000)])
async def test_an_answer_comes_by_the_deadline(pool: Pool, sql: str) -> None:
    queries = ToolQueries(pool, limit_s=0.3)
    began = time.monotonic()
    with pytest.raises((TookTooLong, DependencyUnavailable)) as failed:
        await queries.run(new_id(), asking(sql))
    assert time.monotonic() - began < 0.3 + 0.5
    assert isinstance(failed.value, TookTooLong) or isinstance(failed.value.__cause__, psycopg.errors.QueryCanceled)
    await ended(queries)
    assert await queries.run(new_id(), asking("SELECT 1")) == (1,)


async def test_one_that_does_not_hear_keeps_its_place_until_it_is_gone(pool: Pool) -> None:
    """So there are never more backends at work than places."""
    queries, tenant = ToolQueries(pool, limit_s=0.2, wait_s=0.2), new_id()
    for _ in range(2):
        with pytest.raises(TookTooLong):
            await queries.run(tenant, asking(DEAF.format(size=800_000)))
    for asker in (tenant, new_id()):
        with pytest.raises(Overloaded):
            await queries.run(asker, asking("SELECT 1"))
    await ended(queries)
    assert await queries.run(tenant, asking("SELECT count(*) FROM pg_stat_activity WHERE query ~ 'repeat.*LIKE'")) == (
        1,  # this question
    )


async def test_a_tenant_has_no_more_than_its_share(database: str) -> None:
    async with open_pool(logins_of(database).tools, max_size=4) as pool:
        queries, greedy = ToolQueries(pool, limit_s=1.0, wait_s=0.3, share=2), new_id()
        heavy = [asyncio.create_task(queries.run(greedy, asking(BUSY))) for _ in range(5)]
        done, _ = await asyncio.wait(heavy, return_when=asyncio.FIRST_COMPLETED)
        assert [type(task.exception()) for task in done] == [Overloaded] * len(done)
        assert await queries.run(new_id(), asking("SELECT 1")) == (1,)
        results = await asyncio.gather(*heavy, return_exceptions=True)
        assert sum(isinstance(result, Overloaded) for result in results) == 3


async def test_one_whose_asker_is_gone_ends_too(pool: Pool) -> None:
    queries = ToolQueries(pool)
    tasks = [asyncio.create_task(queries.run(new_id(), asking(BUSY))) for _ in range(2)]
    await asyncio.wait(tasks, timeout=0.2)
    for task in tasks:
        task.cancel()
    began = time.monotonic()
    await asyncio.wait(tasks)
    await ended(queries)
    assert await queries.run(new_id(), asking("SELECT 1")) == (1,)
    assert time.monotonic() - began < 2


async def test_a_backend_here_takes_no_more_memory_than_it_may(pool: Pool) -> None:
    async with one_statement(pool) as connection:
        if not await limit_backend(connection, connection.info.backend_pid):
            pytest.skip("the server runs elsewhere, or as a user for whom this one may not act")
        with pytest.raises(psycopg.errors.OutOfMemory):
            await connection.execute("SELECT length(repeat('x', 100000000) || 'y')")
        cursor = await connection.execute("SELECT count(*) FROM generate_series(1, 100000) AS n")
        assert await cursor.fetchone() == (100_000,)
        assert os.getpriority(os.PRIO_PROCESS, connection.info.backend_pid) == NICE
        assert not await limit_backend(connection, 1), "nobody else's process"
