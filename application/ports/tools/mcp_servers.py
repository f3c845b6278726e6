"""Servers of a tenant's choice that speak the Model Context Protocol, which may be anybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from application.ports.tools.webhooks import WebhookFailed
from domain.refusals import InvalidField
from domain.tenant.tool import ServerTool


class ServerChanged(WebhookFailed):
    """A tool is no longer what its server said it was; it was not called."""


class McpServers(Protocol):
    """The rules of webhooks' addresses hold: public ones over HTTPS, and nothing inside our own network."""

    async def tools(self, url: str, headers: Mapping[str, str], names: Sequence[str]) -> tuple[ServerTool, ...]:
        """These tools as the server describes them now; InvalidField says what cannot be: the address, a server that
        does not answer, a tool that it has not."""
        ...

    async def call(self, url: str, headers: Mapping[str, str], tool: ServerTool, input: dict[str, Any]) -> str:
        """What the tool gives back, as text, once. `ServerChanged` when the server describes it otherwise by now;
        `WebhookFailed` with why, also when the tool itself says that it failed."""
        ...


class NoServers:
    """Where there are none."""

    async def tools(self, url: str, headers: Mapping[str, str], names: Sequence[str]) -> tuple[ServerTool, ...]:
        """See the port."""
        raise InvalidField("mcp: tools of servers are not taken here")

    async def call(self, url: str, headers: Mapping[str, str], tool: ServerTool, input: dict[str, Any]) -> str:
        """See the port."""
        raise WebhookFailed("Tools of servers are not called here.", sent=False)


NO_SERVERS = NoServers()
