"""An admin puts a file's table under a name, for tools to ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.files.scratch import ReceivedFile
from application.ports.tenants.tenants import Tenants
from application.ports.tools.datasets import Datasets
from application.ports.tools.tables import Table, TableReader
from domain.access import Principal
from domain.refusals import InUse, NotFound, Overloaded
from domain.tenant import rules
from domain.tenant.commands import PutDataset
from domain.tenant.events import DatasetPut
from domain.tenant.tool_definitions import check_dataset_name, parameter_types

AT_A_TIME = 2
WAIT_S = 30.0
NUMBERS = frozenset({"integer", "number"})


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
        """The dataset as it is now. `InUse` names a tool that could not be asked any more. `InvalidField`,
        `UnsupportedMediaType`, `DocumentRefused` (which line is wrong), `Overloaded` when others' take too long."""
        check_dataset_name(name)
        known = await self.tenants.settings(principal.tenant)
        if not known.name:
            raise NotFound
        rules.check_room("datasets", known.datasets, name)
        try:
            await asyncio.wait_for(self._places.acquire(), WAIT_S)
        except TimeoutError:
            raise Overloaded from None
        try:
            async with self.reader.open(file.name, file.body) as table:
                await self._check_tools(principal.tenant, name, table)
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

    async def _check_tools(self, tenant: str, name: str, table: Table) -> None:
        """`InUse` when a tool names a column that is no longer there, or is of another type now."""
        known = await self.tenants.settings(tenant)
        if name not in known.datasets:
            return
        kinds = {column.name: column.type for column in table.columns}
        for tool_name, tool in rules.tools_on(known, name).items():
            assert tool.query is not None, "the rule looked for it"
            asked = await self.datasets.columns(tool.query, parameter_types(tool.input_schema))
            for column in known.datasets[name].columns:
                kind = kinds.get(column.name, "")
                if column.name in asked and not (kind and _alike(kind, column.type)):
                    became = f"is {kind} now, not {column.type}" if kind else "is missing"
                    raise InUse(f"The tool {tool_name} uses the column {column.name}, which {became}.")


def _alike(one: str, other: str) -> bool:
    """Whether SQL that was written for a column of the one type goes on with the other."""
    return one == other or {one, other} <= NUMBERS
