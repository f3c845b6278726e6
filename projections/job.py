"""The process that projects: read models made ready, then fed, each in each lane, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from application.ports.event_pipe import EventPipe
from application.ports.event_store import EventStore
from domain.refusals import DependencyUnavailable
from projections.leadership import wait
from projections.read_model import ReadModel
from projections.rebuild import Rebuilder
from projections.runner import Runner
from projections.transactions import Pool

RETRY_S = 2.0
log = structlog.get_logger()


class ProjectionJob:
    """Any number may run: one process leads each read model, the others stand by."""

    def __init__(
        self,
        store: EventStore,
        pipe: EventPipe,
        pool: Pool,
        database_url: str,
        models: Sequence[ReadModel],
        *,
        lanes: int = 1,
    ) -> None:
        self._store, self._pipe, self._pool, self._url = store, pipe, pool, database_url
        self._models, self._lanes = models, lanes

    def rebuilder(self, model: ReadModel) -> Rebuilder:
        """What builds a read model's generations."""
        return Rebuilder(self._store, self._pipe, self._pool, self._url, model, self._lanes)

    async def run(self, stop: asyncio.Event) -> None:
        """Prepare and feed all read models until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            for model in self._models:
                tasks.create_task(self._keep(model, stop))

    async def _keep(self, model: ReadModel, stop: asyncio.Event) -> None:
        await self._prepare(model, stop)
        async with asyncio.TaskGroup() as tasks:
            for lane in range(self._lanes):
                runner = Runner(self._store, self._pipe, self._pool, self._url, model, lane)
                tasks.create_task(runner.run(stop))

    async def _prepare(self, model: ReadModel, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.rebuilder(model).prepare(stop)
                return
            except (DependencyUnavailable, OSError, TimeoutError) as error:
                log.warning("projection_waits", projection=model.name, reason=str(error) or type(error).__name__)
                await wait(stop, RETRY_S)
