"""How far behind the relay and the live read models are, told from their positions by any process."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from application.clock import now
from application.ports.event_store import EventStore
from projections import metrics
from projections.positions import RELAY, all_positions
from projections.transactions import Pool, looking


class Standing(msgspec.Struct, frozen=True):
    """Where a read model (or the relay) stands in a lane.

    `lag_events` counts log positions, some of which hold nothing: it is exact when it is 0 and otherwise an upper
    bound. `lag_seconds` is the age of the oldest fact that is missing.
    """

    name: str
    lane: int
    generation: int
    version: int
    position: int
    head: int
    lag_events: int
    lag_seconds: float
    parked: int


async def standings(pool: Pool, store: EventStore) -> list[Standing]:
    """Where everything stands; empty before the first start."""
    async with looking(pool) as connection:
        found = await all_positions(connection)
    heads = {lane: await store.head(lane) for lane in {row["lane"] for row in found}}
    return [
        Standing(
            name=row["name"],
            lane=row["lane"],
            generation=row["generation"],
            version=row["layout"] or 0,
            position=row["position"],
            head=heads[row["lane"]],
            lag_events=max(0, heads[row["lane"]] - row["position"]),
            lag_seconds=await _age(store, row["lane"], row["position"]) if heads[row["lane"]] > row["position"] else 0,
            parked=row["parked"],
        )
        for row in found
    ]


async def lag(pool: Pool, store: EventStore) -> dict[str, int]:
    """Positions behind, by read model (`session_view`, `costs`, `audit`) and `relay`, all lanes together; also sets
    the metrics of this process."""
    behind: dict[str, int] = defaultdict(int)
    age: dict[str, float] = defaultdict(float)
    parked: dict[str, int] = defaultdict(int)
    for standing in await standings(pool, store):
        behind[standing.name] += standing.lag_events
        age[standing.name] = max(age[standing.name], standing.lag_seconds)
        parked[standing.name] += standing.parked
        if standing.name == RELAY:
            metrics.RELAY_LAG.labels(standing.lane).set(standing.lag_events)
    for name in behind:
        if name != RELAY:
            metrics.LAG_EVENTS.labels(name).set(behind[name])
            metrics.LAG_SECONDS.labels(name).set(age[name])
            metrics.PARKED.labels(name).set(parked[name])
    return dict(behind)


async def _age(store: EventStore, lane: int, position: int) -> float:
    missing = await store.read_log(lane, after=position, limit=1)
    return max(0.0, (now() - store.heading(missing[0]).at).total_seconds()) if missing else 0.0
