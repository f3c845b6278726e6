"""What is read is there from the first start on, made once however many begin."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore
from api.composition.provision import READ_MODELS
from api.health_checks import LAYOUTS
from api.health_checks import READ_MODELS as NAMES
from application.clock import new_id, now
from projections.cost_query import CostFilter
from projections.cost_reads import CostReads
from projections.first_generations import begin_first_generations, missing, outdated
from projections.spending import LedgerSpending
from projections.transactions import rows, writing

pytestmark = pytest.mark.real
GENERATIONS = "SELECT name, generation, live FROM projections.generations ORDER BY name, generation"


async def test_empty_read_models_are_made_once_and_can_be_read(
    store: PostgresEventStore, worker: Pool, pool: Pool
) -> None:
    assert await missing(pool, NAMES) == sorted(NAMES)
    await asyncio.gather(*(begin_first_generations(worker, READ_MODELS, 1) for _ in range(4)))
    assert await missing(pool, NAMES) == await outdated(pool, LAYOUTS) == []
    assert await outdated(pool, LAYOUTS | {"costs": LAYOUTS["costs"] + 1}) == ["costs"]
    await begin_first_generations(worker, READ_MODELS, 1)
    async with writing(worker) as connection:
        found = await rows(connection, GENERATIONS)
    assert [(row["name"], row["generation"], row["live"]) for row in found] == [
        (name, 1, True) for name in sorted(NAMES)
    ]
    tenant, since = new_id(), now() - timedelta(days=1)
    spent = await LedgerSpending(pool).spent(tenant, "", since, now(), [])
    assert (spent.usd, spent.position) == (0, 0)
    assert (await CostReads(pool, store).summary(tenant, CostFilter(since=since, until=now())))["turns"] == 0
