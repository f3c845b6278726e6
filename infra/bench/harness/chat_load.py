"""Many chat sockets at once: what each saw of its answer, checked to the character."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

OPEN_AT_ONCE = 50
ANSWER_WITHIN_S = 180.0


@dataclass
class Seen:
    """One turn as its client saw it. Times in seconds from `turn.create`."""

    first_token: float = 0.0
    whole: float = 0.0
    text: str = ""
    frames: int = 0
    error: str = ""
    completed: dict[str, Any] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """The deltas, joined, are the final text."""
        return not self.error and self.text == self.completed.get("text")


async def open_sockets(url: str, tokens: Sequence[str]) -> list[ClientConnection]:
    """A socket for each token, with its session open."""
    gate = asyncio.Semaphore(OPEN_AT_ONCE)

    async def one(token: str) -> ClientConnection:
        async with gate:
            socket = await connect(
                url,
                additional_headers={"Authorization": f"Bearer {token}"},
                compression=None,
                max_size=None,
                open_timeout=60,
                ping_interval=None,
            )
            await socket.send('{"type":"session.open"}')
            opened = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if opened["type"] != "session.opened":
                raise RuntimeError(f"the session did not open: {opened}")
            return socket

    return list(await asyncio.gather(*(one(token) for token in tokens)))


async def ask(socket: ClientConnection, turn: str, question: str) -> Seen:
    """One turn, to its terminal frame."""
    seen, began = Seen(), time.perf_counter()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await socket.send(json.dumps({"type": "turn.create", "id": turn, "text": question, "cache": "bypass"}))
            while not seen.completed and not seen.error:
                _take(seen, json.loads(await socket.recv()), began)
    except Exception as error:  # a client counts whatever went wrong
        seen.error = f"{type(error).__name__}: {error}"
    seen.whole = time.perf_counter() - began
    return seen


def _take(seen: Seen, frame: dict[str, Any], began: float) -> None:
    match frame["type"]:
        case "turn.delta":
            if not seen.frames:
                seen.first_token = time.perf_counter() - began
            seen.frames += 1
            seen.text += frame["delta"]
        case "turn.reset":
            seen.text = ""
        case "turn.completed":
            seen.completed = frame
        case "turn.failed" | "error":
            seen.error = json.dumps(frame.get("error", frame))


async def ask_all(sockets: Sequence[ClientConnection], question: str, name: str) -> list[Seen]:
    """The same question on every socket at once."""
    return list(await asyncio.gather(*(ask(s, f"{name}-{n}", f"{question}") for n, s in enumerate(sockets))))


async def close_all(sockets: Sequence[ClientConnection]) -> None:
    """Leave."""
    await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
