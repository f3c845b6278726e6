"""What a tenant's tools of a server are, put anew when a call found that the server says something else by now."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import msgspec

from application.acting_tenant import acting_for
from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.tenants.tenants import Tenants
from application.ports.tools.mcp_servers import McpServers
from application.tasks import SingleFlight, TaskSet
from application.tools.server_secret import opened_header
from domain.tenant import rules
from domain.tenant.commands import PutTool
from domain.tenant.tool import Tool
from domain.tenant.tool_definitions import check_tool

ACTOR = "mcp"


@dataclass(frozen=True, slots=True)
class RefreshServerTools:
    """Done behind the turn that noticed. What cannot be put stays as it was: its calls go on being refused."""

    store: EventStore
    tenants: Tenants
    servers: McpServers
    sealer: Sealer
    tasks: TaskSet = field(default_factory=partial(TaskSet, "server_tools"))
    _under_way: SingleFlight[tuple[str, str], None] = field(default_factory=partial(SingleFlight, "server_refresh"))

    def __call__(self, tenant: str, url: str) -> None:
        """Begin; once at a time for a server."""
        self.tasks.start(self._under_way.of((tenant, url), partial(self._refresh, tenant, url)))

    async def _refresh(self, tenant: str, url: str) -> None:
        with acting_for(tenant):
            tools = (await self.tenants.settings(tenant)).tools
            for name, tool in tools.items():
                if tool.mcp and tool.mcp.url == url:
                    await self._put(tenant, name, tool)
            self.tenants.forget(tenant)

    async def _put(self, tenant: str, name: str, tool: Tool) -> None:
        assert tool.mcp is not None, "it was looked at"
        headers = await opened_header(self.sealer, tenant, tool.mcp)
        names = [one.name for one in tool.mcp.tools]
        now = msgspec.structs.replace(tool.mcp, tools=await self.servers.tools(tool.mcp.url, headers, names))
        changed = msgspec.structs.replace(tool, mcp=now)
        check_tool(name, changed)
        command, stream = PutTool(name=name, tool=changed), f"{tenant}/tenant/{tenant}"
        await execute(self.store, stream, TENANT, lambda state: rules.put_tool(state, command), Context(ACTOR))
