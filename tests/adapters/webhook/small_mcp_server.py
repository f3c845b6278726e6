"""A small server of the Model Context Protocol, which a test makes slow, broken or another one as it likes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

ORDER = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


@dataclass
class SmallServer:
    """What it offers and what it was asked. `wait` holds calls up; `fails` makes them fail."""

    schema: dict[str, Any] = field(default_factory=lambda: dict(ORDER))
    reads_only: bool = True
    fails: bool = False
    says: str = ""
    wait: asyncio.Event | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    url: str = ""

    def tools(self) -> list[Tool]:
        """Two tools: one that says what it does to the world, one that does not."""
        reads = ToolAnnotations(read_only_hint=self.reads_only)
        look_up = Tool(name="look_up", description="Looks up.", input_schema=self.schema, annotations=reads)
        return [look_up, Tool(name="cancel", description="Cancels an order.", input_schema=ORDER)]

    async def call(self, context: Any, name: str, given: Any) -> CallToolResult:
        """What a call comes to."""
        self.calls.append((name, given))
        self.headers.append(context.request.headers.get("x-secret", ""))
        if self.wait:
            await self.wait.wait()
        said = self.says or ("no such order" if self.fails else f"order {given['id']} is on its way")
        return CallToolResult(content=[TextContent(text=said)], is_error=self.fails)


@asynccontextmanager
async def small_server() -> AsyncIterator[SmallServer]:
    """It runs at `url`, in this loop."""
    small = SmallServer()

    async def listed(*_: Any) -> ListToolsResult:
        return ListToolsResult(tools=small.tools())

    async def called(context: Any, params: Any) -> CallToolResult:
        return await small.call(context, params.name, params.arguments)

    server = Server("small", on_list_tools=listed, on_call_tool=called)
    app = server.streamable_http_app(stateless_http=True, json_response=True)
    listener = socket.create_server(("127.0.0.1", 0))
    small.url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    running = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(running.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(10):
            while not running.started:  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0.005)
        yield small
    finally:
        running.should_exit = True
        await asyncio.wait_for(task, 10)
