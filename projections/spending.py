"""What the ledger says was spent, for the budgets: sums of the costs with the position they were read at."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from psycopg.sql import SQL

from application.ports.tenants.spending import Spent
from domain.refusals import DependencyUnavailable
from projections.cost_query import CostFilter, entries, parameters
from projections.transactions import Pool, reading, rows

# Positions only rise, in each lane; so their sum orders snapshots.
POSITION = """
SELECT sum(p.position)::bigint AS position FROM projections.positions p
JOIN projections.generations g USING (name, generation) WHERE p.name = 'costs' AND g.live"""
SUM = "SELECT coalesce(sum(cost_usd), 0) AS usd FROM {entries}"
KNOWN = "SELECT call_id FROM projections.cost_lines WHERE tenant = %(tenant)s AND call_id = ANY(%(calls)s)"


class LedgerSpending:
    """See `application.ports.tenants.spending.Spending`: the live generation of `costs`, in one snapshot."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def spent(self, tenant: str, user: str, since: datetime, until: datetime, calls: Collection[str]) -> Spent:
        """See the port."""
        wanted = CostFilter(since=since, until=until, user=user)
        async with reading(self._pool, tenant) as connection:
            position = (await rows(connection, POSITION))[0]["position"]
            if position is None:
                raise DependencyUnavailable("The read models are being built; try again.", retry_after_s=5)
            total = SQL(SUM).format(entries=entries(wanted, calls_only=True))
            usd = (await rows(connection, total, parameters(tenant, wanted)))[0]["usd"]
            known = await rows(connection, KNOWN, {"tenant": tenant, "calls": list(calls)}) if calls else []
        return Spent(usd, position, frozenset(row["call_id"] for row in known))
