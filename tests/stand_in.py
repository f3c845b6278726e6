"""The Bedrock stand-in inside a test's own process and loop, without pace unless asked for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.bedrock.client import open_bedrock
from adapters.bedrock.http import BedrockHttp
from infra.local.bedrock.control import StandIn
from infra.local.bedrock.embeddings import best_embeddings
from infra.local.bedrock.http_server import HttpConnection
from infra.local.bedrock.invocation_log import InvocationLog
from infra.local.bedrock.runtime import Runtime, TypingPace
from infra.local.bedrock.upstream import Upstream

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass
class Running:
    """A running stand-in: its address, both ways to it, and its inside."""

    url: str
    client: Any
    http: BedrockHttp
    runtime: Runtime
    connections: set[HttpConnection]


@asynccontextmanager
async def running_stand_in(
    data_dir: Path | None = None, *, upstream: Upstream | None = None, **pace: Any
) -> AsyncIterator[Running]:
    """Start one on a free port of loopback, with a client; gone afterwards."""
    for name, value in CREDENTIALS.items():
        os.environ.setdefault(name, value)
    wanted = TypingPace(**({"first_token_ms": 0.0, "token_ms": 0.0} | pace))
    embeddings = best_embeddings(hashed=True, upstream=upstream)
    runtime = Runtime(InvocationLog(data_dir), embeddings, wanted, upstream, judged=True)
    stand_in = StandIn(runtime)
    connections: set[HttpConnection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpConnection(stand_in.handle, connections), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with open_bedrock(endpoint_url=url, region="us-east-1") as bedrock:
            yield Running(url, bedrock.client, bedrock.http, runtime, connections)
    finally:
        server.close()
        await runtime.close()
        for connection in list(connections):
            connection.close()
