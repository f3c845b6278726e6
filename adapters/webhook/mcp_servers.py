"""`McpServers` by the official SDK, over connections that go to the address that was checked and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from adapters.webhook.addresses import ForbiddenAddress, Resolve, allowed_address, checked_url, resolve
from application.ports.tools.mcp_servers import ServerChanged
from application.ports.tools.webhooks import WebhookFailed
from domain.refusals import InvalidField
from domain.tenant.tool import ServerTool
from domain.tenant.tool_definitions import MAX_DESCRIPTION

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import Tool

TOTAL_S = 12.0
MAX_RESULT = 65_536
MOST_PAGES = 10


class SdkMcpServers:
    """See `application.ports.tools.mcp_servers.McpServers`. Each use is a connection of its own: nothing of one tenant
    is met by another. `loopback` and `hosts` are those of webhooks."""

    def __init__(
        self, *, loopback: bool, hosts: Sequence[str] = (), resolve: Resolve = resolve, total_s: float = TOTAL_S
    ) -> None:
        self._loopback, self._hosts, self._resolve = loopback, [host.lower() for host in hosts], resolve
        self._total_s = total_s

    async def tools(self, url: str, headers: Mapping[str, str], names: Sequence[str]) -> tuple[ServerTool, ...]:
        """See the port."""
        try:
            async with asyncio.timeout(self._total_s), self._connected(url, headers) as client:
                known = {tool.name: tool for tool in await _listed(client)}
        except InvalidField as error:
            raise InvalidField(error.detail.replace("webhook.", "mcp.")) from None
        except Exception as error:  # of a library's many kinds, in groups: whatever it is, the server is of no use
            if isinstance(error, asyncio.CancelledError):
                raise
            raise InvalidField(f"mcp.url: the server does not answer ({_kind(error)})") from None
        if missing := [name for name in names if name not in known]:
            raise InvalidField(f"mcp.tools: the server has no tool {missing[0][:60]}")
        return tuple(_described(known[name]) for name in names)

    async def call(self, url: str, headers: Mapping[str, str], tool: ServerTool, input: dict[str, Any]) -> str:
        """See the port."""
        sent = False
        try:
            async with asyncio.timeout(self._total_s), self._connected(url, headers) as client:
                if tool not in map(_described, await _listed(client)):
                    raise ServerChanged(
                        "The tool has changed at its server. What it is now is known in the next turn.", sent=False
                    )
                sent = True
                result = await client.call_tool(tool.name, input)
        except Exception as error:
            raise _failure(error, sent=sent) from error
        text = _text(result)
        if result.is_error:
            raise WebhookFailed(f"The tool says that it failed: {text}", sent=True)
        return text

    @asynccontextmanager
    async def _connected(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Client]:
        """The SDK takes a second to import: in a thread, where it is first used."""
        checked_url(url, loopback=self._loopback, hosts=self._hosts)
        pinned = await asyncio.to_thread(import_module, "adapters.webhook.pinned_http")
        sdk = await asyncio.to_thread(import_module, "mcp")
        transport = await asyncio.to_thread(import_module, "mcp.client.streamable_http")

        async def address(wanted: str) -> str:
            parsed = checked_url(wanted, loopback=self._loopback, hosts=self._hosts)
            return await allowed_address(parsed, self._resolve, loopback=self._loopback)

        async with (
            pinned.open_pinned(address, headers) as http,
            sdk.Client(transport.streamable_http_client(url, http_client=http), mode="legacy") as client,
        ):
            yield client


async def _listed(client: Client) -> list[Tool]:
    found, cursor = list[Any](), None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _described(tool: Tool) -> ServerTool:
    """A server that does not say that a tool only reads is taken to change something by it."""
    reads = bool(tool.annotations and tool.annotations.read_only_hint)
    said = (tool.description or tool.title or tool.name).replace("\0", "")[:MAX_DESCRIPTION]
    return ServerTool(name=tool.name, description=said, input_schema=tool.input_schema, effects=not reads)


def _text(result: Any) -> str:
    """Its texts, or else what it gives as JSON."""
    texts = [getattr(block, "text", None) or f"({block.type})" for block in result.content]
    text = "\n".join(texts)
    if not text and result.structured_content is not None:
        text = msgspec.json.encode(result.structured_content).decode()
    if len(text) > MAX_RESULT:
        raise WebhookFailed(f"The tool's server answered with more than {MAX_RESULT} characters.", sent=True)
    return text.replace("\0", "")


def _failure(error: BaseException, *, sent: bool) -> WebhookFailed:
    """What went wrong, out of the groups that the SDK's tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, WebhookFailed):
        return error
    if isinstance(error, InvalidField | ForbiddenAddress):
        return WebhookFailed("The tool's address may not be called.", sent=False)
    if isinstance(error, TimeoutError):
        return WebhookFailed("The tool's server did not answer in time.", sent=sent)
    return WebhookFailed("The tool's server cannot be reached, or broke off.", sent=sent)


def _kind(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return type(error).__name__
