"""What operators see of the read models: how far each is, which is being built anew, what is parked. No content."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from domain.access import PLATFORM_TENANT
from projections import orders
from projections.lag import LagGauges, LaneStanding
from projections.orders import Order, What
from projections.transactions import Pool, looking, reading, rows

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
    """Queries of a process that answers people."""

    def __init__(self, pool: Pool, lag: LagGauges) -> None:
        self._pool, self._lag = pool, lag

    async def models(self) -> list[tuple[ReadModelProgress, Order | None]]:
        """Where everything stands, each with the latest order to build it anew; empty before the first start."""
        async with looking(self._pool) as connection:
            building = {row["name"]: row["position"] for row in await rows(connection, BUILDING)}
        ordered = {order.name: order for order in await orders.recent(self._pool) if order.what == "rebuild"}
        lanes: dict[str, list[LaneStanding]] = {}
        for standing in await self._lag.standings():
            lanes.setdefault(standing.name, []).append(standing)
        return [(_together(all, building.get(name)), ordered.get(name)) for name, all in lanes.items()]

    async def parked(self, after: tuple[str, str], limit: int) -> list[tuple[Parked, Order | None]]:
        """Parked streams after one by its read model and name, each with the latest order to try it again."""
        async with reading(self._pool, PLATFORM_TENANT) as connection:
            found = [Parked(**row) for row in await rows(connection, PARKED, (*after, limit))]
        tried = {(order.name, order.stream): order for order in await orders.recent(self._pool)}
        return [(one, tried.get((one.name, one.stream))) for one in found]

    async def is_parked(self, name: str, stream: str) -> bool:
        """Whether the live generation has put it aside."""
        async with reading(self._pool, PLATFORM_TENANT) as connection:
            return bool((await rows(connection, IS_PARKED, (name, stream)))[0]["parked"])

    async def order(self, what: What, name: str, by: str, stream: str = "") -> None:
        """See `orders.place`."""
        await orders.place(self._pool, what, name, by, stream)

    async def database_version(self) -> str:
        """PostgreSQL's."""
        async with looking(self._pool) as connection:
            return str((await rows(connection, VERSION))[0]["version"])


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
