"""The ledger's sums are those of its lines, and its positions only rise."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore
from application.clock import new_id
from domain.refusals import DependencyUnavailable
from projections.costs import Costs
from projections.spending import LedgerSpending
from tests.fakes.in_memory_user_names import users_on
from tests.projections.histories import ADA, BOB, START, Writer, used
from tests.projections.test_read_models import begin

pytestmark = pytest.mark.real
SINCE, UNTIL = START.replace(day=1), START.replace(month=12, day=1)


async def test_it_sums_a_period_of_a_tenant_or_a_user(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    spending = LedgerSpending(pool)
    with pytest.raises(DependencyUnavailable):
        await spending.spent(tenant, "", SINCE, UNTIL, [])
    follower = await begin(store, worker, Costs(store, worker, users_on(store.vault, store)), live=True)
    empty = await spending.spent(tenant, "", SINCE, UNTIL, ["a"])
    assert (empty.usd, empty.known) == (Decimal(0), frozenset())

    writer, ids = Writer(store), [new_id() for _ in range(3)]
    facts = [used(id, tokens=1000 * (n + 1)) for n, id in enumerate(ids)]
    await writer.append(f"{tenant}/session/{new_id()}", facts)
    assert await spending.spent(tenant, "", SINCE, UNTIL, ids) == empty, "it lags behind"
    await follower.catch_up(await store.head(0))

    costs = [fact.cost_usd for fact in facts]  # type: ignore[attr-defined]
    whole = await spending.spent(tenant, "", SINCE, UNTIL, [*ids, "unheard-of"])
    assert (whole.usd, whole.known) == (sum(costs), frozenset(ids))
    assert whole.position > empty.position
    assert (await spending.spent(tenant, ADA, SINCE, UNTIL, [])).usd == sum(costs)
    assert (await spending.spent(tenant, BOB, SINCE, UNTIL, [])).usd == 0
    assert (await spending.spent(new_id(), "", SINCE, UNTIL, ids)).known == frozenset()
    later = await spending.spent(tenant, "", UNTIL, UNTIL + timedelta(days=31), ids)
    assert (later.usd, later.known) == (0, frozenset(ids)), "calls are known whenever they were"
