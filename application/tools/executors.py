"""How a tool runs once its input is known to fit: a query on a dataset, a signed request, or a server's own tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from application.clock import now
from application.ports.facts.keys import Sealer
from application.ports.tools.datasets import Datasets
from application.ports.tools.mcp_servers import NO_SERVERS, McpServers, ServerChanged
from application.ports.tools.webhooks import Webhooks
from application.tools.server_secret import opened_header
from application.tools.webhook_signature import SIGNED_BY, sign, sign_request, signing_secret
from domain.tenant.tool import Mcp, Query, Tool, Webhook
from domain.tenant.tool_definitions import defaults, parameter_types


class ToolCaller(msgspec.Struct, frozen=True):
    """For whom a tool acts, and with whose rights."""

    tenant: str
    user: str
    roles: frozenset[str] = frozenset({"member"})


@dataclass(frozen=True, slots=True)
class Executors:
    """All kinds. Failures are those of the ports. `changed` hears of a tenant and an address whose tools are no longer
    as they were."""

    datasets: Datasets
    webhooks: Webhooks
    sealer: Sealer
    servers: McpServers = NO_SERVERS
    changed: Callable[[str, str], None] = lambda tenant, url: None

    async def __call__(self, caller: ToolCaller, name: str, tool: Tool, input: dict[str, Any], key: str) -> str:
        """What the tool gives back, as text, mostly JSON."""
        match tool.executor:
            case Query() as query:
                return await self._ask(caller, tool, query, input)
            case Webhook() as webhook:
                return await self._post(caller, name, webhook, input, key)
            case Mcp() as mcp:
                return await self._call(caller, mcp, input)

    async def _ask(self, caller: ToolCaller, tool: Tool, query: Query, input: dict[str, Any]) -> str:
        types = parameter_types(tool.input_schema)
        found = await self.datasets.fetch(caller.tenant, query, types, defaults(tool.input_schema) | input)
        more = ',"truncated":true' if found.truncated else ',"truncated":false'
        return f'{{"rows":[{",".join(found.rows)}]{more}}}'

    async def _call(self, caller: ToolCaller, mcp: Mcp, input: dict[str, Any]) -> str:
        (tool,) = mcp.tools
        headers = await opened_header(self.sealer, caller.tenant, mcp)
        try:
            return await self.servers.call(mcp.url, headers, tool, input)
        except ServerChanged:
            self.changed(caller.tenant, mcp.url)
            raise

    async def _post(self, caller: ToolCaller, name: str, webhook: Webhook, input: dict[str, Any], key: str) -> str:
        """The body is the input. What else the server must know, as whom it acts above all, stands in headers, all of
        them signed."""
        body, timestamp = msgspec.json.encode(input), int(now().timestamp())
        secret = await signing_secret(self.sealer, caller.tenant, name, webhook.secret)
        headers = {
            "idempotency-key": key,
            "webhook-id": key,
            "webhook-timestamp": str(timestamp),
            "x-colloquy-tool": name,
            "x-colloquy-tenant": caller.tenant,
            "x-colloquy-user": quote(caller.user, safe="@"),
            "x-colloquy-roles": ",".join(sorted(caller.roles)),
        }
        signed = {
            "webhook-signature": sign(secret, key, timestamp, body),
            SIGNED_BY: sign_request(secret, headers, body),
        }
        return (await self.webhooks.post(webhook.url, body, headers | signed)).text
