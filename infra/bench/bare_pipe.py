"""The baseline: a Litestar WebSocket and aioboto3 as they come, nothing else between a client and Bedrock."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
import uvicorn
from aiobotocore.config import AioConfig
from litestar import Litestar, WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@asynccontextmanager
async def bedrock(app: Litestar) -> AsyncIterator[None]:
    """One client for the process, with room for all streams."""
    config = AioConfig(max_pool_connections=2_000)
    async with aioboto3.Session(region_name=os.environ.get("AWS_REGION")).client(
        "bedrock-runtime", config=config
    ) as client:
        app.state.bedrock = client
        yield


@websocket("/chat")
async def chat(socket: WebSocket[Any, Any, Any]) -> None:
    """What to ask, in Converse's words, in; deltas out; `{"done": true}` at the end."""
    await socket.accept()
    try:
        while True:
            asked = await socket.receive_json()
            response = await socket.app.state.bedrock.converse_stream(
                modelId=MODEL, inferenceConfig={"maxTokens": 1_024}, **asked
            )
            async for event in response["stream"]:
                if "contentBlockDelta" in event:
                    await socket.send_text(json.dumps({"delta": event["contentBlockDelta"]["delta"]["text"]}))
            await socket.send_text('{"done": true}')
    except WebSocketDisconnect:
        return


app = Litestar([chat], lifespan=[bedrock], openapi_config=None)

if __name__ == "__main__":
    # The same event loop and WebSocket implementation as ours, so that only what we add is compared.
    uvicorn.run(
        app, fd=int(sys.argv[1]), log_level="warning", ws="websockets-sansio", loop=os.environ.get("BENCH_LOOP", "auto")
    )
