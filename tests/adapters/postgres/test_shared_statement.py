"""Callers that wait for the database together share its answers' way, not their fate."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from adapters.postgres.pool import open_pool
from adapters.postgres.shared_statement import MOST_A_TRIP, TRIPS, SharedStatement
from domain.refusals import DependencyUnavailable
from tests.databases import logins_of

pytestmark = pytest.mark.real
QUOTIENT = "SELECT 60 / %(by)s::int, pg_backend_pid() FROM generate_series(1, %(rows)s::int)"


async def test_each_of_many_callers_gets_its_own_rows(database: str) -> None:
    async with open_pool(logins_of(database).app) as pool:
        trips = SharedStatement(pool, QUOTIENT)
        asked = [(by, by % 3) for by in range(1, 10 * MOST_A_TRIP)]
        answers = await asyncio.gather(*(trips.call({"by": by, "rows": rows}) for by, rows in asked))
    assert [[row[0] for row in rows] for rows in answers] == [[60 // by] * rows for by, rows in asked]
    assert len({row[1] for rows in answers for row in rows}) <= TRIPS


async def test_whoever_asks_wrongly_fails_alone(database: str) -> None:
    async with open_pool(logins_of(database).app) as pool:
        trips = SharedStatement(pool, QUOTIENT)
        calls = (trips.call({"by": by, "rows": 1}) for by in (1, 0, 2, 3, 0))
        first, *others = await asyncio.gather(*calls, return_exceptions=True)
        again = await trips.call({"by": 6, "rows": 1})
    assert not isinstance(first, BaseException) and first[0][0] == 60
    assert [isinstance(answer, psycopg.errors.DivisionByZero) for answer in others] == [True, False, False, True]
    assert again[0][0] == 10


async def test_a_caller_that_leaves_disturbs_nobody(database: str) -> None:
    async with open_pool(logins_of(database).app) as pool:
        trips = SharedStatement(pool, QUOTIENT)
        calls = [asyncio.create_task(trips.call({"by": by, "rows": 1})) for by in (1, 2, 3)]
        await asyncio.sleep(0)
        calls[1].cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert [answer[0][0] for answer in (answers[0], answers[2]) if not isinstance(answer, BaseException)] == [60, 20]


async def test_without_a_database_all_hear_so(database: str) -> None:
    async with open_pool(logins_of(database).app) as pool:
        await pool.close()
        trips = SharedStatement(pool, QUOTIENT)
        calls = (trips.call({"by": 1, "rows": 1}) for _ in range(3))
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, DependencyUnavailable) for answer in answers)
