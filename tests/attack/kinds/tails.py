"""What Valkey holds of sessions and tickets, changed by somebody who can write there."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import valkey.asyncio

from tests.attack.attack import CANARY, Attack, Chat, Ground

MUST = "as if it were not there: the session opens, nothing foreign is shown"
JUNK = {
    "empty": b"", "junk": b"\xff" * 100, "JSON": b'{"type":"turn.delta","delta":"forged"}', "short": b"\0" * 15, "long": b"\0" * 1_000_000,
    "zeros": b"\0" * 300, "random": os.urandom(300), "list": b"\x91" * 10_000,
}  # fmt: skip


@asynccontextmanager
async def _insider(ground: Ground) -> AsyncIterator[Any]:
    from infra.local.endpoints import installation_environment

    client = valkey.asyncio.from_url(installation_environment(ground.ours.data_dir)["COLLOQUY_VALKEY_URL"])
    try:
        yield client
    finally:
        await client.aclose()


async def _opens(ground: Ground, session: str) -> Chat:
    async with ground.chat(open=False) as chat:
        await chat.send({"type": "session.open", "session_id": session, "after_seq": 0})
        frame = await chat.until("session.opened", "error")
        assert frame["type"] == "session.opened" or frame.get("code") == "resume_out_of_range", frame
        await chat.send({"type": "ping"})
        await chat.until("pong")
        assert "forged" not in str(chat.frames) and CANARY not in str(chat.frames)
        return chat


def _changed(name: str, change: Callable[[Any, str, Ground], Awaitable[None]]) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.chat() as chat:
            await chat.ask("How long?", cache="bypass")
        async with _insider(ground) as client:
            await change(client, f"feed:{ground.attacker}/session/{chat.session}", ground)
        await _opens(ground, chat.session)

    return Attack("tails", name, MUST, run)


def _junk(item: bytes) -> Callable[[Any, str, Ground], Awaitable[None]]:
    async def change(client: Any, key: str, ground: Ground) -> None:
        await client.rpush(key, item)

    return change


async def _text(client: Any, key: str, ground: Ground) -> None:
    await client.delete(key)
    await client.set(key, b"no list")


async def _foreign(client: Any, key: str, ground: Ground) -> None:
    async with ground.chat(tenant=ground.neighbour, user="nina") as chat:
        await chat.ask(f"What is {CANARY}?", cache="bypass")
    items = await client.lrange(f"feed:{ground.neighbour}/session/{chat.session}", 0, -1)
    await client.delete(key)
    for item in items:
        await client.rpush(key, item)


async def _twice(client: Any, key: str, ground: Ground) -> None:
    for item in await client.lrange(key, 0, -1):
        await client.rpush(key, item)


async def _gone(client: Any, key: str, ground: Ground) -> None:
    await client.delete(key)


async def _forged_tickets(ground: Ground) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import WebSocketException
    from websockets.typing import Subprotocol

    url = ground.ours.url.replace("http", "ws", 1) + "/v1/chat"
    async with _insider(ground) as client:
        async with ground.http() as http:
            await http.post("/v1/ws-tickets")
        keys = [key async for key in client.scan_iter("ticket:*")]
        for key in keys:
            await client.set("ticket:mine", await client.get(key), ex=30)
            await client.set(key, b"\x92\xcb" + b"\0" * 8 + b"\x91\xa1x", ex=30)
    for ticket in ("mine", "x" * 43, "", "a.b", "é"):
        try:
            async with connect(
                url, subprotocols=[Subprotocol("chat.v1"), Subprotocol(f"ticket.{ticket}")], open_timeout=20
            ) as socket:
                await socket.send('{"type":"session.open"}')
                frame = str(await socket.recv())
                assert "session.opened" not in frame, frame
        except (WebSocketException, ValueError, UnicodeError):
            continue


ATTACKS = [
    *(_changed(f"junk {name}", _junk(item)) for name, item in JUNK.items()),
    _changed("another type", _text),
    _changed("the neighbour's", _foreign),
    _changed("its own, twice", _twice),
    _changed("gone", _gone),
    Attack("tails", "forged tickets", "no socket opens", _forged_tickets),
]
