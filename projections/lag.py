"""How far behind the relay and the live read models are, told from their positions by any process."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

import msgspec

from application.clock import Seconds, monotonic, now
from application.ports.facts.event_store import ReadableLog
from projections import metrics
from projections.positions import RELAY, all_positions
from projections.transactions import Pool, looking

HEADS = 1_000


class LaneStanding(msgspec.Struct, frozen=True):
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


async def standings(pool: Pool, store: ReadableLog, first: int = 0) -> list[LaneStanding]:
    """Where everything stands; empty before the first start. For a process that may read the log, of one database whose
    first lane is `first` of all."""
    found = [
        msgspec.structs.replace(one, lag_seconds=await _age(store, one.lane, one.position)) if one.lag_events else one
        for one in await positions_and_heads(pool, store)
    ]
    return [msgspec.structs.replace(one, lane=first + one.lane) for one in found]


async def positions_and_heads(pool: Pool, store: ReadableLog, first: int = 0) -> list[LaneStanding]:
    """The same for any process, without the age of what is missing. `first` is the number of the database's first lane
    among all."""
    async with looking(pool) as connection:
        found = await all_positions(connection)
    heads = {lane: await store.head(first + lane) for lane in {row["lane"] for row in found}}
    return [
        LaneStanding(
            name=row["name"],
            lane=first + row["lane"],
            generation=row["generation"],
            version=row["layout"] or 0,
            position=row["position"],
            head=heads[row["lane"]],
            lag_events=max(0, heads[row["lane"]] - row["position"]),
            lag_seconds=0.0,
            parked=row["parked"],
        )
        for row in found
    ]


async def lag_events(pool: Pool, store: ReadableLog) -> dict[str, int]:
    """Positions behind, by read model (`session_view`, `costs`, `audit`) and `relay`, all lanes together."""
    behind: dict[str, int] = defaultdict(int)
    for standing in await positions_and_heads(pool, store):
        behind[standing.name] += standing.lag_events
    return dict(behind)


class LagGauges:
    """The metrics of a process that may not read the log: it remembers when it saw which head, and what is missing is
    at least as old as the first head beyond it. Of several databases there are `each` lanes in every one."""

    def __init__(self, pools: Sequence[Pool], store: ReadableLog, clock: Seconds = monotonic, *, each: int = 1) -> None:
        self._pools, self._store, self._clock, self._each = pools, store, clock, each
        self._heads: dict[int, deque[tuple[float, int]]] = defaultdict(lambda: deque(maxlen=HEADS))

    async def refresh(self) -> None:
        """Look, and set them."""
        behind: dict[str, int] = defaultdict(int)
        age: dict[str, float] = defaultdict(float)
        parked: dict[str, int] = defaultdict(int)
        for standing in await self.standings():
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

    async def standings(self) -> list[LaneStanding]:
        """Where everything stands; `lag_seconds` is the least that it can be."""
        found = [
            standing
            for number, pool in enumerate(self._pools)
            for standing in await positions_and_heads(pool, self._store, number * self._each)
        ]
        return [msgspec.structs.replace(standing, lag_seconds=self._age(standing)) for standing in found]

    def _age(self, standing: LaneStanding) -> float:
        now, heads = self._clock(), self._heads[standing.lane]
        if not heads or heads[-1][1] != standing.head:
            heads.append((now, standing.head))
        return next((now - at for at, head in heads if head > standing.position), 0.0)


async def _age(store: ReadableLog, lane: int, position: int) -> float:
    missing = await store.read_log(lane, after=position, limit=1)
    return max(0.0, (now() - store.heading(missing[0]).at).total_seconds()) if missing else 0.0
