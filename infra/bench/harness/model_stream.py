"""CPU a delta of reading Bedrock's streams: our adapter beside the library as it comes, in one run.

Run `python -m infra.bench.harness.model_stream --streams 250`; the stand-in answers from a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aioboto3
import httpx
import uvloop
from aiobotocore.config import AioConfig

from adapters.bedrock.client import open_bedrock
from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.bedrock.request import converse_request
from application.ports.models.model import Message, ModelCall, Text, TextDelta

WARM_UP = 5
CALL = ModelCall(
    call_id="bench",
    model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    system=("Be brief.",),
    messages=(Message("user", (Text("What is a good bread made of?"),)),),
    max_tokens=4_000,
    metadata={"call_id": "bench", "tenant_id": "bench"},
    first_token_s=60.0,
    idle_s=60.0,
)
Stream = Callable[[], AsyncIterator[str]]


def as_it_comes(client: Any) -> Stream:
    """`async for event in response["stream"]`."""

    async def stream() -> AsyncIterator[str]:
        response = await client.converse_stream(modelId=CALL.model, **converse_request(CALL))
        async for event in response["stream"]:
            if "contentBlockDelta" in event:
                yield event["contentBlockDelta"]["delta"]["text"]

    return stream


def through(model: BedrockLanguageModel) -> Stream:
    """Our adapter."""

    async def stream() -> AsyncIterator[str]:
        async for event in model.stream(CALL):
            if isinstance(event, TextDelta):
                yield event.text

    return stream


async def measure(name: str, stream: Stream, streams: int, tokens: int) -> float:
    """All streams at once; writes a row, gives the microseconds of CPU a delta of the model's."""
    firsts: list[float] = []
    pieces = 0

    async def one() -> None:
        nonlocal pieces
        began, first = time.perf_counter(), 0.0
        async for _ in stream():
            first = first or time.perf_counter() - began
            pieces += 1
        firsts.append(first)

    await asyncio.gather(*(one() for _ in range(WARM_UP)))
    firsts.clear()
    pieces = 0
    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(streams)))
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    each = cpu / (streams * tokens) * 1e6
    firsts.sort()
    first_ms = f"{firsts[streams // 2] * 1e3:5.0f} / {firsts[int(streams * 0.99)] * 1e3:5.0f}"
    merged = streams * tokens / pieces
    sys.stdout.write(f"{name:24}{each:8.1f} us a delta{merged:6.1f} merged   first {first_ms} ms{took:7.1f} s\n")
    return each


async def compare(url: str, streams: int, tokens: int) -> None:
    """Both in one run, and the ratio."""
    plain = AioConfig(max_pool_connections=streams + WARM_UP)
    session = aioboto3.Session(region_name="us-east-1")
    async with (
        session.client("bedrock-runtime", endpoint_url=url, config=plain) as library,
        open_bedrock(endpoint_url=url, region="us-east-1") as bedrock,
    ):
        base = await measure("library as it comes", as_it_comes(library), streams, tokens)
        each = await measure("our adapter", through(BedrockLanguageModel(bedrock.http)), streams, tokens)
    sys.stdout.write(f"{'CPU a delta':24}{each / base:8.2f} of the library's\n")


def main() -> None:
    """Start a stand-in, compare, stop it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=250)
    parser.add_argument("--tokens", type=int, default=300)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    arguments = parser.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    command = [sys.executable, "-m", "infra.local.bedrock", "--hashed-embeddings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stand_in:
        try:
            assert stand_in.stdout
            url = stand_in.stdout.readline().split()[1]
            httpx.post(f"{url}/control/pace", json={"answer_tokens": arguments.tokens}).raise_for_status()
            run = uvloop.run if arguments.loop == "uvloop" else asyncio.run
            run(compare(url, arguments.streams, arguments.tokens))
        finally:
            stand_in.terminate()


if __name__ == "__main__":
    main()
