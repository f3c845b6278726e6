"""What operators see of the read models: how far each is, which is being built anew, what is parked. No content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from application.acting_tenant import acting_for
from domain.access import PLATFORM_TENANT
from projections import orders
from projections.lag import LagGauges, LaneStanding
from projections.orders import Order, What
from projections.transactions import Pool, looking, pool_of, reading, rows

BUILDING = """
SELECT p.name, max(p.generation) AS generation, sum(p.position)::bigint AS position
FROM projections.positions p JOIN projections.generations g USING (name, generation)
WHERE NOT g.live GROUP BY p.name"""
PARKED = "SELECT * FROM projections.parked(%s, %s, %s)"
IS_PARKED = "SELECT projections.is_parked(%s, %s) AS parked"
VERSION = "SELECT current_setting('server_version') AS version"


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that a read model cannot follow, from which fact on, and the kind of the failure."""

    name: str
    stream: str
    lane: int
    position: int
    version: int
    topic: str
    reason: str
    at: datetime


class ReadModelProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A read model (or the relay), all lanes together. `built` is how many positions of `head` the next generation has
    come to, while one is being built."""

    name: str
    generation: int
    layout: int
    position: int
    head: int
    lag_events: int
    lag_seconds: float
    parked: int
    built: int | None


class OperationsReads:
    """Queries of a process that answers people: `pools` of each database, and `pool` of that of a tenant."""

    def __init__(self, pools: Sequence[Pool], pool: Pool, lag: LagGauges) -> None:
        self._pools, self._pool, self._lag = pools, pool, lag

    async def models(self) -> list[tuple[ReadModelProgress, Order | None]]:
        """Where everything stands, each with the latest order to build it anew; empty before the first start."""
        building: Counter[str] = Counter()
        for pool in self._pools:
            async with looking(pool) as connection:
                building.update({row["name"]: row["position"] for row in await rows(connection, BUILDING)})
        ordered = {order.name: order for order in await orders.recent_of_all(self._pools) if order.what == "rebuild"}
        lanes: dict[str, list[LaneStanding]] = {}
        for standing in await self._lag.standings():
            lanes.setdefault(standing.name, []).append(standing)
        return [(_together(all, building.get(name)), ordered.get(name)) for name, all in lanes.items()]

    async def parked(self, after: tuple[str, str], limit: int) -> list[tuple[Parked, Order | None]]:
        """Parked streams after one by its read model and name, each with the latest order to try it again."""
        found: list[Parked] = []
        for pool in self._pools:
            async with reading(pool, PLATFORM_TENANT) as connection:
                found += [Parked(**row) for row in await rows(connection, PARKED, (*after, limit))]
        found.sort(key=lambda one: (one.name, one.stream))
        tried = {(order.name, order.stream): order for order in await orders.recent_of_all(self._pools)}
        return [(one, tried.get((one.name, one.stream))) for one in found[:limit]]

    async def is_parked(self, name: str, stream: str) -> bool:
        """Whether the live generation has put it aside."""
        async with reading(await self._of(stream), PLATFORM_TENANT) as connection:
            return bool((await rows(connection, IS_PARKED, (name, stream)))[0]["parked"])

    async def order(self, what: What, name: str, by: str, stream: str = "") -> None:
        """See `orders.place`: in each database, or in that of the stream."""
        for pool in [await self._of(stream)] if stream else self._pools:
            await orders.place(pool, what, name, by, stream)

    async def database_version(self) -> str:
        """PostgreSQL's, of the first one."""
        async with looking(self._pools[0]) as connection:
            return str((await rows(connection, VERSION))[0]["version"])

    async def _of(self, stream: str) -> Pool:
        """The database of a stream. An operator acts for the platform, and asks here for the tenant whose it is."""
        tenant = stream.partition("/")[0]
        with acting_for(tenant):
            return await pool_of(self._pool, tenant)


def _together(lanes: list[LaneStanding], built: int | None) -> ReadModelProgress:
    first = lanes[0]

    def total(field: str) -> Any:
        return sum(getattr(lane, field) for lane in lanes)

    return ReadModelProgress(
        name=first.name,
        generation=first.generation,
        layout=first.version,
        position=total("position"),
        head=total("head"),
        lag_events=total("lag_events"),
        lag_seconds=max(lane.lag_seconds for lane in lanes),
        parked=total("parked"),
        built=built,
    )
