"""Relay, JetStream and all three read models together: what they show is whole again after any outage."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore
from adapters.nats.pipe import open_pipe
from application.clock import new_id
from application.ports.facts.event_pipe import EventPipe
from infra.local.ports import held
from projections.audit import Audit
from projections.costs import Costs
from projections.job import ProjectionJob
from projections.lag import lag_events, standings
from projections.leadership import leading
from projections.places import PostgresPlaces
from projections.read_model import ReadModel
from projections.relay import Pace, Relay
from projections.session_view import SessionView
from tests.fakes.in_memory_session_items import InMemorySessionItems
from tests.fakes.in_memory_user_names import users_on
from tests.projections.histories import Writer, session
from tests.projections.nats_server import NatsServer
from tests.projections.waiting import until

pytestmark = pytest.mark.real
PACE = Pace(compare_s=0.5, linger_s=0.05)
ALL = ("audit", "costs", "relay", "session_view")


class System:
    """Two relays (one leads) and two projecting processes (one leads each read model)."""

    def __init__(self, store: PostgresEventStore, pool: Pool, pipe: EventPipe, database: str) -> None:
        self.store, self.pool, self.pipe, self.database = store, pool, pipe, database
        items, users = InMemorySessionItems(), users_on(store.vault, store)
        self.models: list[ReadModel] = [
            SessionView(store, pool, items, store.vault, users), Costs(store, pool, users), Audit(store, pool),
        ]  # fmt: skip
        self.stop = asyncio.Event()
        self.job = ProjectionJob(store, pipe, pool, database, self.models)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        jobs = [
            asyncio.create_task(
                Relay(self.store, self.pipe, PostgresPlaces(self.pool), leading(self.database), pace=PACE).run(
                    self.stop
                )
            )
            for _ in range(2)
        ]
        jobs += [asyncio.create_task(self.job.run(self.stop)) for _ in range(2)]
        try:
            yield
        finally:
            self.stop.set()
            await asyncio.wait_for(asyncio.gather(*jobs), 20)

    async def caught_up(self) -> None:
        async def no_lag() -> bool:
            behind = await lag_events(self.pool, self.store)
            return sorted(behind) == sorted(ALL) and not any(behind.values())

        await until(no_lag, "nothing lags")

    async def equal_to_rebuilt(self) -> bool:
        verdicts = [await self.job.rebuilder(model).verify(self.stop) for model in self.models]
        return all(verdict.equal for verdict in verdicts)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with held() as port:
        found = NatsServer(tmp_path, port)
        found.start()
        yield found
        found.kill()


@pytest.fixture
async def system(store: PostgresEventStore, worker: Pool, server: NatsServer, database: str) -> AsyncIterator[System]:
    async with open_pipe(server.url, lambda: [b"s" * 32], max_bytes=64 << 20) as pipe:
        found = System(store, worker, pipe, database)
        async with found.running():
            yield found


async def more(store: PostgresEventStore, tenant: str, seed: int) -> None:
    draw, writer = random.Random(seed), Writer(store)
    histories = {f"{tenant}/session/{new_id()}": session(draw) for _ in range(10)}
    await writer.interleave(draw, histories)
    await writer.erase(next(iter(histories)))


async def test_nats_killed_and_robbed_of_its_store_loses_nothing(
    system: System, server: NatsServer, tenant: str
) -> None:
    await more(system.store, tenant, 1)
    await system.caught_up()
    server.kill()
    await more(system.store, tenant, 2)
    server.start()
    await system.caught_up()
    server.lose_everything()
    await more(system.store, tenant, 3)
    server.start()
    await system.caught_up()
    await more(system.store, tenant, 4)
    await system.caught_up()
    assert await system.equal_to_rebuilt()


async def test_a_rebuild_switches_under_live_traffic(system: System, tenant: str) -> None:
    await more(system.store, tenant, 5)
    await system.caught_up()
    traffic = asyncio.create_task(more(system.store, tenant, 6))
    generations = [await system.job.rebuilder(model).rebuild(system.stop) for model in system.models]
    await traffic
    await more(system.store, tenant, 7)
    await system.caught_up()
    standing = {s.name: s.generation for s in await standings(system.pool, system.store)}
    assert [standing[model.name] for model in system.models] == generations
    assert await system.equal_to_rebuilt()


async def test_a_raised_layout_is_rebuilt_when_projecting_starts(system: System, tenant: str) -> None:
    await more(system.store, tenant, 8)
    await system.caught_up()
    (costs,) = (model for model in system.models if model.name == "costs")
    before = {s.name: s.generation for s in await standings(system.pool, system.store)}["costs"]
    costs.layout += 1
    await system.job.rebuilder(costs).prepare(system.stop)
    await system.caught_up()
    (after,) = (s for s in await standings(system.pool, system.store) if s.name == "costs")
    assert (after.generation, after.version) == (before + 1, costs.layout)
