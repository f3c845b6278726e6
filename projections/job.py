"""The process that projects: read models made ready, then fed, each in each lane, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from application.ports.facts.event_pipe import EventPipe
from application.ports.facts.event_store import EventLog
from application.tasks import Loops, Up
from projections.beats import Keep, unheard
from projections.leadership import leading
from projections.orders import RebuildOrders
from projections.places import PostgresPlaces
from projections.read_model import ReadModel
from projections.rebuild import Rebuilder
from projections.runner import AroundBatch, Runner, around_nothing
from projections.transactions import Pool


class ProjectionJob:
    """Any number may run: one process leads each read model, the others stand by."""

    def __init__(
        self,
        store: EventLog,
        pipe: EventPipe,
        pool: Pool,
        database_url: str,
        models: Sequence[ReadModel],
        *,
        lanes: int = 1,
        around: AroundBatch = around_nothing,
    ) -> None:
        self._store, self._pipe, self._pool, self._lead = store, pipe, pool, leading(database_url)
        self._models, self._lanes, self._around = models, lanes, around

    def rebuilder(self, model: ReadModel) -> Rebuilder:
        """What builds a read model's generations."""
        return Rebuilder(self._store, self._pipe, self._pool, self._lead, model, self._lanes)

    async def run(self, stop: asyncio.Event, told: Keep = unheard) -> None:
        """Prepare and feed all read models until `stop`."""
        async with Loops(stop) as loops:
            told(loops)
            for model in self._models:
                loops.keep(f"project_{model.name}", partial(self._keep, loops, model))
            await stop.wait()

    async def _keep(self, loops: Loops, model: ReadModel, up: Up) -> None:
        """Prepare a read model, then see its lanes fed."""
        await self.rebuilder(model).prepare(loops.stop)
        for lane in range(self._lanes):
            places = PostgresPlaces(self._pool)
            runner = Runner(self._store, self._pipe, places, self._lead, model, lane, around=self._around)
            loops.keep(f"project_{model.name}_{lane}", partial(runner.run, loops.stop))
        orders = RebuildOrders(self._pool, model.name, self.rebuilder(model).rebuild)
        loops.keep(f"orders_{model.name}", partial(orders.run, loops.stop))
        up()
        await loops.stop.wait()
