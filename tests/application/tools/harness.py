"""Everything a tool meets, on fakes that keep their promises; files are really read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import BinaryIO

from adapters.tabular.csv_table import read_csv
from adapters.tabular.kinds import table_kind
from application.execute import TENANT as TENANT_STREAM
from application.execute import Context, execute
from application.ports.models.model import ToolUse
from application.ports.tools.tables import Row, Table
from application.tenants.cached_tenants import CachedTenants
from application.tenants.delete_dataset import DeleteDatasetHandler
from application.tenants.delete_tool import DeleteToolHandler
from application.tenants.put_dataset import PutDatasetHandler
from application.tenants.put_tool import PutToolHandler
from application.tools.executors import Executors, ToolCaller
from application.tools.toolbox import RecordIntent, ToolBox, ToolBoxes
from domain.access import Principal
from domain.session.events import ToolCalled
from domain.tenant import rules
from domain.tenant.commands import CreateTenant
from domain.tenant.events import DatasetPut
from domain.tenant.tool import Query, Tool, Webhook
from tests.application.documents.harness import received
from tests.fakes.in_memory_datasets import InMemoryDatasets
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.scripted_webhooks import ScriptedWebhooks

TENANT = "01977c9e-1111-7000-8000-000000000001"
TURN = "01977c9e-2222-7000-8000-000000000001"
ADMIN = Principal(TENANT, "ann", frozenset({"admin"}), 2e9)
MEMBER = ToolCaller(TENANT, "mel@example.com")
ORDERS = b"id,region,total\n1,north,10.5\n2,south,20\n3,north,1\n"

TOTALS = Tool(
    description="The total of the orders of a region.",
    input_schema={
        "type": "object",
        "properties": {"region": {"type": "string", "minLength": 2}, "least": {"type": "number", "default": 0}},
        "required": ["region"],
        "additionalProperties": False,
    },
    query=Query(
        dataset="orders", sql="SELECT sum(total) AS total FROM orders WHERE region = :region AND total >= :least"
    ),
)
LOOK_UP = Tool(
    description="Looks an order up.",
    input_schema={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
    webhook=Webhook(url="https://hooks.example.com/orders"),
)
REFUND = Tool(
    description="Refunds an order.",
    input_schema={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
    webhook=Webhook(url="https://hooks.example.com/refunds"),
    effects=True,
)


class DirectTableReader:
    """Reads CSV in this process."""

    @asynccontextmanager
    async def open(self, name: str, body: BinaryIO) -> AsyncIterator[Table]:
        body.seek(0)
        table_kind(name.rpartition(".")[2], body)
        columns, rows = read_csv(body)

        async def batches() -> AsyncIterator[list[Row]]:
            yield list(rows)

        yield Table(tuple(columns), batches())


class House:
    """The handlers over one set of fakes; `open` makes a tenant."""

    def __init__(self) -> None:
        self.store, self.sealer = InMemoryEventStore(), InMemorySealer()
        self.tenants = CachedTenants(self.store)
        self.datasets, self.webhooks = InMemoryDatasets(), ScriptedWebhooks()
        self.put_tool = PutToolHandler(self.store, self.tenants, self.datasets, self.webhooks, self.sealer)
        self.handle_put_dataset = PutDatasetHandler(
            self.store, self.tenants, self.datasets, DirectTableReader(), max_bytes=10_000
        )
        self.delete_tool = DeleteToolHandler(self.store, self.tenants)
        self.delete_dataset = DeleteDatasetHandler(self.store, self.tenants, self.datasets)
        self.boxes = ToolBoxes(self.tenants, Executors(self.datasets, self.webhooks, self.sealer))

    async def put_dataset(self, admin: Principal, name: str, file_name: str, body: bytes) -> DatasetPut:
        """Put a file."""
        return await self.handle_put_dataset(admin, name, received(file_name, body))

    async def open(self, tenant: str = TENANT) -> None:
        await execute(
            self.store,
            f"{tenant}/tenant/{tenant}",
            TENANT_STREAM,
            lambda state: rules.create_tenant(state, CreateTenant(name="Acme")),
            Context("op"),
        )
        self.tenants.forget(tenant)

    async def box(
        self,
        *,
        caller: ToolCaller = MEMBER,
        known: Iterable[ToolCalled] = (),
        intend: RecordIntent | None = None,
        **tools: Tool,
    ) -> ToolBox:
        """A box with these tools, of a tenant that has the orders."""
        await self.open()
        await self.put_dataset(ADMIN, "orders", "orders.csv", ORDERS)
        for name, tool in tools.items():
            await self.put_tool(ADMIN, name, tool)
        return await self.boxes.open(caller, TURN, [*tools, "not_there"], known=known, intend=intend)


def use(name: str, input: str, id: str = "t1") -> ToolUse:
    """What a model asks for."""
    return ToolUse(id, name, input)
