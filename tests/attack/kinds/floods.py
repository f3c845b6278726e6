"""More of everything than a tenant may have."""

from __future__ import annotations

import asyncio
import json

import httpx
from websockets.exceptions import WebSocketException

from tests.attack.attack import Attack, Ground, codes

MANY = 450


def _gets(route: str, role: str) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.http(role, tenant=ground.flooded) as http:
            answers = [
                a for _ in range(MANY // 50) for a in await asyncio.gather(*(http.get(route) for _ in range(50)))
            ]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused and {a.status_code for a in answers} <= {200, 404, 429}, {a.status_code for a in answers}
        assert all(float(answer.headers["retry-after"]) > 0 for answer in refused)
        assert refused[0].json()["code"] == "rate_limited"

    return Attack("floods", f"{MANY} GET {route}", "429 with Retry-After once the minute is used", run)


def _frames(name: str, frame: str, count: int) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.chat(tenant=ground.flooded) as chat:
            try:
                for _ in range(count):
                    await chat.send(frame)
                end = await chat.until("error", "pong")
            except WebSocketException:
                return
            assert end["type"] != "error" or end["code"] in codes() - {"internal"}, end
        await ground.still_works()

    return Attack("floods", name, "limited or closed with a code; the process goes on", run)


async def _turns(ground: Ground) -> None:
    async with ground.chat(tenant=ground.flooded) as chat:
        for n in range(40):
            await chat.send(json.dumps({"type": "turn.create", "id": f"flood-{n}", "text": "How long?"}))
        await chat.send({"type": "ping"})
        await chat.until("pong")
        assert {f.get("code") for f in chat.frames if f["type"] == "error"} <= {"turn_in_progress", "rate_limited"}


async def _sockets(ground: Ground) -> None:
    from websockets.asyncio.client import connect

    url = ground.ours.url.replace("http", "ws", 1) + "/v1/chat"
    headers = {"Authorization": f"Bearer {ground.token(tenant=ground.flooded)}"}

    async def one() -> object:
        try:
            return await connect(url, additional_headers=headers, open_timeout=20)
        except (WebSocketException, OSError, TimeoutError) as error:
            return error

    opened = await asyncio.gather(*(one() for _ in range(160)))
    sockets = [socket for socket in opened if not isinstance(socket, BaseException)]
    assert len(sockets) <= 160
    await asyncio.gather(*(socket.close() for socket in sockets))  # type: ignore[attr-defined]
    await ground.still_works()


async def _strangers(ground: Ground) -> None:
    async with httpx.AsyncClient(base_url=ground.ours.url, timeout=30) as http:
        for n in range(10):
            answers = await asyncio.gather(
                *(http.get("/v1/sessions", headers={"Authorization": f"Bearer {'x' * n}.{m}"}) for m in range(30))
            )
            assert {answer.status_code for answer in answers} <= {401, 429}


def _bodies(size: int) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.http(tenant=ground.flooded) as http:
            answer = await http.post("/v1/search", content=b"{" + b" " * size + b"}")
            assert answer.status_code in (400, 413, 429), answer.status_code

    return Attack("floods", f"a body of {size:,} bytes", "413 or 400", run)


PING = '{"type":"ping"}'
ATTACKS = [
    _gets("/v1/sessions", "member"),
    _gets("/v1/documents", "editor"),
    _gets("/v1/costs/summary", "analyst"),
    _frames("5,000 pings", PING, 5_000),
    _frames("bad frames of 250 kB", "x" * 250_000, 60),
    _frames("wide frames", json.dumps({"type": "ping"} | {f"k{n}": n for n in range(15_000)}), 100),
    Attack("floods", "40 turns at once in a session", "one runs, the others are told so", _turns),
    Attack("floods", "160 sockets", "no more than the tenant may have; others get in", _sockets),
    Attack("floods", "300 forged tokens", "401 or 429 each", _strangers),
    *(_bodies(size) for size in (300_000, 3_000_000, 30_000_000)),
]
