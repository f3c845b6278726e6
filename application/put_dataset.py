"""An admin puts a file's table under a name, for tools to ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from application.execute import TENANT, Context, execute
from application.ports.datasets import Datasets
from application.ports.event_store import EventStore
from application.ports.scratch import ReceivedFile
from application.ports.tables import TableReader
from application.ports.tenants import Tenants
from domain.access import Principal
from domain.refusals import NotFound, Overloaded
from domain.tenant import rules
from domain.tenant.commands import PutDataset
from domain.tenant.events import DatasetPut
from domain.tenant.tool_definitions import check_dataset_name

AT_A_TIME = 2
WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class PutDatasetHandler:
    """The rows first, then the fact: tools see them at once. Should the fact not be stored, the caller hears it, and
    putting the file again mends it."""

    store: EventStore
    tenants: Tenants
    datasets: Datasets
    reader: TableReader
    max_bytes: int = 50 * 1024 * 1024
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_A_TIME))

    async def __call__(self, principal: Principal, name: str, file: ReceivedFile) -> DatasetPut:
        """The dataset as it is now. `InvalidField`, `UnsupportedMediaType`, `DocumentRefused` (which line is wrong),
        `Overloaded` when others' files take too long."""
        check_dataset_name(name)
        if not (await self.tenants.settings(principal.tenant)).name:
            raise NotFound
        try:
            await asyncio.wait_for(self._places.acquire(), WAIT_S)
        except TimeoutError:
            raise Overloaded from None
        try:
            async with self.reader.open(file.name, file.body) as table:
                rows = await self.datasets.replace(principal.tenant, name, table)
        finally:
            self._places.release()
        command = PutDataset(name=name, columns=table.columns, rows=rows)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        held = await execute(
            self.store, stream, TENANT, lambda tenant: rules.put_dataset(tenant, command), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
        return held.state.datasets[name]
