"""Turns in sessions of their own, asked with or without the caches: what each cost, and how long it took."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from infra.bench.harness.chat_load import open_sockets

ANSWER_WITHIN_S = 120.0


@dataclass
class SeenTurn:
    """One turn as its client saw it. Times in seconds from the frame that asked."""

    text: str = ""
    last_delta: float = 0.0
    whole: float = 0.0
    cached: str = ""
    cost: Decimal = Decimal(0)
    exact: bool = False


async def ask_alone(url: str, token: str, question: str, cache: str) -> SeenTurn:
    """One question in a new session; opening it is not counted. RuntimeError when it is not answered."""
    (socket,) = await open_sockets(url, [token])
    asked, began = SeenTurn(), time.perf_counter()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await socket.send(json.dumps({"type": "turn.create", "id": "t", "text": question, "cache": cache}))
            while True:
                frame = json.loads(await socket.recv())
                now = time.perf_counter() - began
                if frame["type"] == "turn.delta":
                    asked.text, asked.last_delta = asked.text + frame["delta"], now
                elif frame["type"] == "turn.reset":
                    asked.text = ""
                elif frame["type"] == "turn.completed":
                    asked.whole, asked.cached = now, frame["cached"] or ""
                    asked.cost, asked.exact = Decimal(frame["cost_usd"]), asked.text == frame["text"]
                    return asked
                elif frame["type"] in ("turn.failed", "error"):
                    raise RuntimeError(f"not answered: {frame}")
    finally:
        await socket.close()


async def ask_all(url: str, token: str, questions: Sequence[str], cache: str, at_once: int) -> list[SeenTurn]:
    """The questions in their order, so many at once."""
    gate = asyncio.Semaphore(at_once)

    async def one(question: str) -> SeenTurn:
        async with gate:
            return await ask_alone(url, token, question, cache)

    return list(await asyncio.gather(*(one(question) for question in questions)))


async def ask_in_turn(url: str, token: str, question: str, times: int) -> list[SeenTurn]:
    """One question, one at a time."""
    return [await ask_alone(url, token, question, "use") for _ in range(times)]
