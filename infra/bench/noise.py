"""A tenant that asks for more than it may, in a process of its own: `python -m infra.bench.noise URL RATE SECONDS`.

Half are questions on sockets, half are requests of HTTP, so many a second whatever is answered; tokens come on standard
input, and what came of it goes to standard output as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from infra.bench.harness.chat_load import close_all, open_sockets
from infra.bench.harness.handbook import QUESTION


async def make_noise(url: str, tokens: list[str], rate: float, seconds: float) -> Counter[str]:
    """By what it was answered: `turn.completed`, `rate_limited`, HTTP's status."""
    told: Counter[str] = Counter()
    sockets = await open_sockets(url.replace("http", "ws", 1) + "/v1/chat", tokens)
    readers = [asyncio.create_task(_read(socket, told)) for socket in sockets]
    print("ready", flush=True)  # noqa: T201  # to whoever measures
    loop = asyncio.get_running_loop()
    began, asking = loop.time(), set[asyncio.Task[None]]()
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http:
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            if number % 2:
                turn = {"type": "turn.create", "id": f"n-{number}", "text": QUESTION, "cache": "bypass"}
                try:
                    await sockets[number // 2 % len(sockets)].send(json.dumps(turn))
                except ConnectionClosed:
                    told["closed"] += 1
                continue
            task = asyncio.create_task(_ask(http, tokens[number % len(tokens)], told))
            asking.add(task)
            task.add_done_callback(asking.discard)
        await asyncio.gather(*asking, return_exceptions=True)
    for reader in readers:
        reader.cancel()
    await close_all(sockets)
    return told


async def _ask(http: httpx.AsyncClient, token: str, told: Counter[str]) -> None:
    answer = await http.get("/v1/sessions", headers={"Authorization": f"Bearer {token}"})
    told[str(answer.status_code)] += 1


async def _read(socket: ClientConnection, told: Counter[str]) -> None:
    async for text in socket:
        frame = json.loads(text)
        if frame["type"] in ("turn.completed", "turn.failed", "error"):
            told[frame.get("code") or frame["type"]] += 1


if __name__ == "__main__":
    url, rate, seconds = sys.argv[1:]
    counted = asyncio.run(make_noise(url, json.loads(sys.stdin.read()), float(rate), float(seconds)))
    print(json.dumps(counted), flush=True)  # noqa: T201  # to whoever measures
