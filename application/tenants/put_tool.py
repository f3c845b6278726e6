"""An admin defines one of the tenant's tools, whole, and it is tried before it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.ports.datasets import Datasets
from application.ports.event_store import EventStore
from application.ports.tenants import Tenants
from application.ports.webhooks import Webhooks
from application.tools.input_schema import check_schema
from domain.access import Principal
from domain.refusals import InvalidField
from domain.tenant import rules
from domain.tenant.commands import PutTool
from domain.tenant.events import Tool
from domain.tenant.tool_definitions import check_tool, parameter_types


@dataclass(frozen=True, slots=True)
class PutToolHandler:
    """Whatever would make every call fail is refused here: a schema that is none, SQL that does not run, an address
    that is never called."""

    store: EventStore
    tenants: Tenants
    datasets: Datasets
    webhooks: Webhooks

    async def __call__(
        self, principal: Principal, name: str, tool: Tool, *, rotate_secret: bool = False
    ) -> tuple[Tool, int]:
        """The tool as it is now, with its version; `InvalidField` says what cannot be."""
        check_tool(name, tool)
        check_schema(tool.input_schema)
        await self._try(principal.tenant, tool)
        command = PutTool(name=name, tool=tool, rotate_secret=rotate_secret)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        held = await execute(
            self.store, stream, TENANT, lambda tenant: rules.put_tool(tenant, command), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
        return held.state.tools[name], held.state.tool_versions[name]

    async def _try(self, tenant: str, tool: Tool) -> None:
        if tool.webhook:
            await self.webhooks.check(tool.webhook.url)
        if tool.query:
            if tool.query.dataset not in (await self.tenants.settings(tenant)).datasets:
                raise InvalidField(f"query.dataset: there is no dataset {tool.query.dataset}")
            await self.datasets.check(tenant, tool.query, parameter_types(tool.input_schema))
