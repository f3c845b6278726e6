"""An admin defines one of the tenant's tools, whole, and it is tried before it is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.tenants.tenants import Tenants
from application.ports.tools.datasets import Datasets
from application.ports.tools.mcp_servers import NO_SERVERS, McpServers
from application.ports.tools.webhooks import Webhooks
from application.tools.input_schema import check_schema
from application.tools.server_secret import opened_header, sealed_header
from domain.access import Principal
from domain.refusals import InvalidField
from domain.tenant import rules
from domain.tenant.commands import PutTool
from domain.tenant.tool import Mcp, Tool
from domain.tenant.tool_definitions import check_tool, offered, parameter_types

MAX_SECRET = 4_096
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
NOT_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "cookie"})


class WantedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server and which of its tools are wanted. The secret `header` is sent with its `value`; without one with that
    which was put before."""

    url: str
    tools: tuple[str, ...]
    header: str = ""
    value: str = ""


def check_header(name: str, value: str) -> None:
    """InvalidField unless it is a header that one may choose; no header at all is fine."""
    if (name and not _HEADER.fullmatch(name)) or name.lower() in NOT_OURS or (value and not name):
        raise InvalidField("mcp.header.name: a header such as Authorization")
    if len(value) > MAX_SECRET or not value.isascii() or (value and not value.isprintable()):
        raise InvalidField(f"mcp.header.value: up to {MAX_SECRET} printable ASCII characters")


@dataclass(frozen=True, slots=True)
class PutToolHandler:
    """Whatever would make every call fail is refused here: a schema that is none, SQL that does not run, an address
    that is never called."""

    store: EventStore
    tenants: Tenants
    datasets: Datasets
    webhooks: Webhooks
    sealer: Sealer
    servers: McpServers = NO_SERVERS

    async def __call__(
        self,
        principal: Principal,
        name: str,
        tool: Tool,
        *,
        rotate_secret: bool = False,
        server: WantedServer | None = None,
    ) -> tuple[Tool, int]:
        """The tool as it is now, with its version; `InvalidField` says what cannot be. Of a `server` it is asked first
        what its tools are."""
        if server:
            tool = msgspec.structs.replace(tool, mcp=await self._asked(principal.tenant, name, server))
        check_tool(name, tool)
        for one in offered({name: tool}).values():
            check_schema(one.input_schema)
        await self._try(principal.tenant, tool)
        command = PutTool(name=name, tool=tool, rotate_secret=rotate_secret)
        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        held = await execute(
            self.store, stream, TENANT, lambda tenant: rules.put_tool(tenant, command), Context(principal.user)
        )
        self.tenants.forget(principal.tenant)
        return held.state.tools[name], held.state.tool_versions[name]

    async def _asked(self, tenant: str, name: str, server: WantedServer) -> Mcp:
        """What the server says now. The same secret stays sealed as it was: sealing it anew were another definition."""
        check_header(server.header, server.value)
        known = (await self.tenants.settings(tenant)).tools.get(name)
        before = known.mcp if known and known.mcp and known.mcp.header == server.header else None
        sent = {server.header: server.value} if server.value else {}
        kept = await opened_header(self.sealer, tenant, before) if before else {}
        if server.header and not (sent or kept):
            raise InvalidField("mcp.header.value: the secret that is sent to the server")
        sealed = before.sealed if before and sent in ({}, kept) else ""
        if sent and not sealed:
            sealed = await sealed_header(self.sealer, tenant, server.value)
        tools = await self.servers.tools(server.url, sent or kept, server.tools)
        return Mcp(url=server.url, tools=tools, header=server.header, sealed=sealed)

    async def _try(self, tenant: str, tool: Tool) -> None:
        if tool.webhook:
            await self.webhooks.check(tool.webhook.url)
        if tool.query:
            if tool.query.dataset not in (await self.tenants.settings(tenant)).datasets:
                raise InvalidField(f"query.dataset: there is no dataset {tool.query.dataset}")
            await self.datasets.check(tenant, tool.query, parameter_types(tool.input_schema))
