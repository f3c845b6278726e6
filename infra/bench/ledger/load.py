"""Turns under every misfortune that costs tokens: faults of the model, cancels in mid-answer, kill -9 of the server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from application.clock import monotonic
from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from infra.local.endpoints import read_installation

FRAME_S = 60.0
BACK_S = 120.0
CANCEL_EVERY = 7
# kind -> how many of a hundred calls meet it
FAULTS = {
    "throttle": 2, "unavailable": 1, "internal": 2, "validation": 1, "not_ready": 1, "timeout": 1, "hang": 0.5,
    "cut": 3, "clean_cut": 2, "stall": 1, "corrupt": 1, "malformed": 1,
    "error_event": 1, "throttle_event": 1, "internal_event": 1, "model_error_event": 1,
}  # fmt: skip
AT_ONCE = ("throttle_event", "model_error_event")
"""Faults inside a stream that come before its first words; the others come after some."""
EMBEDDING_FAULTS = {"throttle": 2, "internal": 2, "hang": 0.2}
GONE = (OSError, WebSocketException, TimeoutError)


def order_faults(ours: Installed) -> None:
    """From now on calls fail at random, a fault for one in seven; the answers come quickly."""
    with httpx.Client(base_url=ours.bedrock_url, timeout=10) as http:
        http.post("/control/pace", json={"first_token_ms": 40, "token_ms": 4}).raise_for_status()
        for operation, faults in (("ConverseStream", FAULTS), ("InvokeModel", EMBEDDING_FAULTS)):
            for kind, percent in faults.items():
                order = {"kind": kind, "operation": operation, "probability": percent / 100}
                order["after_deltas"] = 0 if kind in AT_ONCE else 5
                http.post("/control/faults", json=order).raise_for_status()


@dataclass
class Load:
    """What the clients saw: ends of turns by kind, `lost` those whose socket died first."""

    ours: Installed
    turns: int
    kills_at: list[int]
    ends: Counter[str] = field(default_factory=Counter)
    kills: int = 0

    @property
    def done(self) -> int:
        """Turns that have ended for their client."""
        return sum(self.ends.values())

    async def run(self, sockets: int) -> None:
        """All turns, `sockets` at a time, with the kills in between."""
        left = iter(range(self.turns))
        tokens = self.ours.tokens(sockets)
        async with asyncio.TaskGroup() as tasks:
            for token in tokens:
                tasks.create_task(self._client(token, left))
            tasks.create_task(self._killer())

    async def _client(self, token: str, left: Iterator[int]) -> None:
        socket: ClientConnection | None = None
        for number in left:
            try:
                socket = socket or await self._open(token)
                self.ends[await _turn(socket, number)] += 1
            except GONE:
                self.ends["lost"] += 1
                socket = None
        if socket:
            await socket.close()

    async def _open(self, token: str) -> ClientConnection:
        """A socket with a new session, however long the server needs to be back."""
        url, headers = self.ours.url.replace("http", "ws", 1) + "/v1/chat", {"Authorization": f"Bearer {token}"}
        deadline = monotonic() + BACK_S
        while True:
            try:
                socket = await connect(url, additional_headers=headers, compression=None, max_size=None)
                await socket.send('{"type":"session.open"}')
                await asyncio.wait_for(socket.recv(), FRAME_S)
                return socket
            except GONE:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def _killer(self) -> None:
        for at in self.kills_at:
            while self.done < at:  # noqa: ASYNC110  # the clients count
                await asyncio.sleep(0.02)
            pid = int(read_installation(self.ours.data_dir)["pids"]["api"])
            os.kill(pid, signal.SIGKILL)
            self.kills += 1
            deadline = monotonic() + BACK_S
            while not await self._is_back(pid) and monotonic() < deadline:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.1)

    async def _is_back(self, old: int) -> bool:
        if int(read_installation(self.ours.data_dir)["pids"]["api"]) == old:
            return False
        try:
            async with httpx.AsyncClient(timeout=2) as http:
                return (await http.get(f"{self.ours.url}/health/ready")).status_code == 200
        except httpx.HTTPError:
            return False


async def _turn(socket: ClientConnection, number: int) -> str:
    """One turn to its end, every seventh cancelled after its first words; how it ended."""
    await socket.send(json.dumps({"type": "turn.create", "id": f"t{number}", "text": QUESTION, "cache": "bypass"}))
    cancelled = False
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), FRAME_S))
        match frame["type"]:
            case "turn.delta" if number % CANCEL_EVERY == 0 and not cancelled:
                cancelled = True
                await socket.send(json.dumps({"type": "turn.cancel", "turn_id": frame["turn_id"], "id": f"c{number}"}))
            case "turn.completed":
                return str(frame["status"])
            case "turn.failed":
                return f"failed ({frame['error']['code']})"
            case "error" if frame.get("client_id") == f"t{number}":
                return f"refused ({frame['code']})"
