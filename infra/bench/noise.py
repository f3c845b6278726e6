"""A tenant that asks for more than it may, in a process of its own at the lowest priority: it is not what is measured.

`python -m infra.bench.noise URL RATE SECONDS`: half are questions on sockets, half are requests of HTTP, so many a
second whatever is answered. `python -m infra.bench.noise URL KIND SECONDS`: a flood of one kind, each sender as fast as
it is answered. Tokens come on standard input, and what came of it goes to standard output as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from infra.bench.harness.chat_load import close_all, open_sockets
from infra.bench.harness.handbook import QUESTION

LEAST = 19
"""The nice value."""
LARGE = 200_000
SENDERS = 20
Told = Counter[str]


def chat_url(url: str) -> str:
    """The chat's, of a server's."""
    return url.replace("http", "ws", 1) + "/v1/chat"


async def make_noise(url: str, tokens: list[str], rate: float, seconds: float) -> Told:
    """By what it was answered: `turn.completed`, `rate_limited`, HTTP's status."""
    told: Told = Counter()
    sockets = await open_sockets(chat_url(url), tokens)
    readers = [asyncio.create_task(_read(socket, told)) for socket in sockets]
    print("ready", flush=True)  # noqa: T201  # to whoever measures
    loop = asyncio.get_running_loop()
    began, under_way = loop.time(), set[asyncio.Task[None]]()
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http:
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            if number % 2:
                doing = _send(sockets[number // 2 % len(sockets)], f"n-{number}", told)
            else:
                doing = _ask(http, tokens[number // 2 % len(tokens)], told)
            task = asyncio.create_task(doing)  # nobody waits: who reads slowly holds up one socket, not the noise
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.wait(under_way, timeout=2) if under_way else None
    for task in [*under_way, *readers]:
        task.cancel()
    await close_all(sockets)
    return told


async def _send(socket: ClientConnection, name: str, told: Told) -> None:
    try:
        await socket.send(turn(name))
    except ConnectionClosed:
        told["closed"] += 1


def turn(name: str, text: str = QUESTION) -> str:
    """A question as a frame."""
    return json.dumps({"type": "turn.create", "id": name, "text": text, "cache": "bypass"})


async def _ask(http: httpx.AsyncClient, token: str, told: Told) -> None:
    answer = await http.get("/v1/sessions", headers={"Authorization": f"Bearer {token}"})
    told[str(answer.status_code)] += 1


async def _read(socket: ClientConnection, told: Told) -> None:
    async for text in socket:
        frame = json.loads(text)
        if frame["type"] in ("turn.completed", "turn.failed", "error"):
            told[frame.get("code") or frame["type"]] += 1


async def flood(url: str, tokens: list[str], kind: str, seconds: float) -> Told:
    """Each of the senders does it again as soon as it was answered, until the time is over."""
    told: Told = Counter()
    one = FLOODS[kind]
    print("ready", flush=True)  # noqa: T201  # to whoever measures
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(one(url, token, told) for token in tokens[:SENDERS]))
    return told


async def _requests(url: str, token: str, told: Told) -> None:
    """By hand, for a client library takes longer than what it asks."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    asked = f"GET /v1/sessions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n".encode()
    try:
        while True:
            writer.write(asked)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            told[head.split(" ", 2)[1]] += 1
            await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
    finally:
        writer.close()


async def _frames(url: str, token: str, told: Told, text: str = QUESTION) -> None:
    """Sent without end, and what is answered read beside it."""
    (socket,) = await open_sockets(chat_url(url), [token])
    reading = asyncio.create_task(_read(socket, told))
    try:
        with suppress(ConnectionClosed):
            for number in range(sys.maxsize):
                await socket.send(turn(f"f-{number}", text))
                told["sent"] += 1
        told["closed"] += 1
    finally:
        reading.cancel()
        socket.transport.abort()


async def _large_frames(url: str, token: str, told: Told) -> None:
    await _frames(url, token, told, "x" * LARGE)


async def _pings(url: str, token: str, told: Told) -> None:
    (socket,) = await open_sockets(chat_url(url), [token])
    with suppress(ConnectionClosed):
        while True:
            await (await socket.ping())
            told["pong"] += 1
    told["closed"] += 1


async def _handshakes(url: str, token: str, told: Told) -> None:
    """A new connection each time, which is told that there are too many."""
    while True:
        async with connect(
            chat_url(url), additional_headers={"Authorization": f"Bearer {token}"}, compression=None
        ) as socket:
            with suppress(ConnectionClosed):
                await socket.send('{"type": "session.open"}')
                frame = json.loads(await socket.recv())
                told[frame.get("code") or frame["type"]] += 1


FLOODS: dict[str, Callable[[str, str, Told], Awaitable[None]]] = {
    "requests": _requests,
    "frames": _frames,
    "large frames": _large_frames,
    "pings": _pings,
    "handshakes": _handshakes,
}


if __name__ == "__main__":
    os.nice(LEAST)
    url, what, seconds = sys.argv[1:]
    tokens = json.loads(sys.stdin.read())
    doing = flood(url, tokens, what, float(seconds)) if what in FLOODS else None
    counted = asyncio.run(doing or make_noise(url, tokens, float(what), float(seconds)))
    print(json.dumps(counted), flush=True)  # noqa: T201  # to whoever measures
