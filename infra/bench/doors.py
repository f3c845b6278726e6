"""What a call through each door costs beside the socket: CPU of the API process and time to the first token, in one
run."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import click
import httpx
import msgspec

from infra.bench.harness.chat_load import ask, close_all, open_sockets, percentile
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.processes import cpu_seconds
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

AT_ONCE = 4
SETTLE_S = 0.5
"""After a block of calls, so that what they left to be done counts as theirs."""
WITHIN_S = 60.0
ASSISTANT = {"cache": {"exact": False, "semantic": "off"}}
Call = Callable[[], Awaitable[float]]
"""One question in a session of its own; seconds to the first token, or to the whole answer where there is none
before."""


class DoorRow(msgspec.Struct, kw_only=True):
    """A door: the median of its rounds, and its ratios to the socket's in the same round."""

    door: str
    calls: int
    cpu_ms: float
    first_token_ms: float
    cpu_of_socket: float
    first_token_of_socket: float


@dataclass
class Door:
    """What one round after the other came to: CPU seconds a call, and the first tokens' p50."""

    name: str
    call: Call
    cpu_s: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)

    async def measure(self, pid: int, calls: int) -> None:
        """One round."""
        before, places, firsts = cpu_seconds(pid), asyncio.Semaphore(AT_ONCE), list[float]()

        async def one() -> None:
            async with places:
                firsts.append(await self.call())

        await asyncio.gather(*(one() for _ in range(calls)))
        await asyncio.sleep(SETTLE_S)
        self.cpu_s.append((cpu_seconds(pid) - before) / calls)
        self.first_s.append(percentile(firsts, 0.5))


class Callers:
    """A caller for each door, all as members of one tenant; the clients' own CPU is not looked at."""

    def __init__(self, ours: Installed, http: httpx.AsyncClient) -> None:
        self._ours, self._http = ours, http
        (self._token,) = ours.tokens(1)
        self._number = itertools.count()

    def doors(self) -> list[Door]:
        """The socket first."""
        return [
            Door("socket", self.socket),
            Door("Python client", self.client),
            Door("OpenAI, streaming", self.streaming),
            Door("OpenAI, whole", self.whole),
            Door("MCP ask", self.mcp),
        ]

    async def socket(self) -> float:
        """A socket, opened for one question as the other doors are."""
        sockets = await open_sockets(self._ours.url.replace("http", "ws", 1) + "/v1/chat", [self._token])
        try:
            seen = await ask(sockets[0], f"q{next(self._number)}", QUESTION)
        finally:
            await close_all(sockets)
        if not seen.exact:
            raise RuntimeError(f"the socket: {seen.error or 'the text differs from its deltas'}")
        return seen.first_token

    async def client(self) -> float:
        """The client library."""
        from api.client import Colloquy
        from api.client.frames import Delta

        async with Colloquy(self._ours.url, self._token) as colloquy, colloquy.chat() as chat:
            began, first = time.perf_counter(), 0.0
            async for frame in chat.ask(QUESTION):
                if isinstance(frame, Delta) and not first:
                    first = time.perf_counter() - began
        return first

    async def streaming(self) -> float:
        """`/v1/chat/completions`, as its clients stream it."""
        began, first, ended = time.perf_counter(), 0.0, False
        async with self._http.stream("POST", "/v1/chat/completions", json=self._chat(stream=True)) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                ended = ended or line == "data: [DONE]"
                if not first and line.startswith("data: {"):
                    choices = json.loads(line.removeprefix("data: "))["choices"]
                    if choices and choices[0]["delta"].get("content"):
                        first = time.perf_counter() - began
        if not (first and ended):
            raise RuntimeError("the stream did not end well")
        return first

    async def whole(self) -> float:
        """The same in one piece."""
        return await self._post("/v1/chat/completions", self._chat(stream=False), lambda said: said["choices"])

    async def mcp(self) -> float:
        """The tool `ask` of `/mcp`."""
        arguments = {"question": self._question()}
        called = {"name": "ask", "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}
        return await self._post("/mcp", message, lambda said: not said["result"].get("isError"))

    async def _post(self, path: str, body: dict[str, Any], good: Callable[[Any], Any]) -> float:
        began = time.perf_counter()
        accept = {"Accept": "application/json, text/event-stream"}
        answer = await self._http.post(path, json=body, headers=accept)
        if not good(answer.raise_for_status().json()):
            raise RuntimeError(f"{path}: {answer.text[:300]}")
        return time.perf_counter() - began

    def _chat(self, *, stream: bool) -> dict[str, Any]:
        return {"model": "default", "stream": stream, "messages": [{"role": "user", "content": self._question()}]}

    def _question(self) -> str:
        """Another one each time: the same words would be the same conversation, which is not answered twice."""
        return f"{QUESTION} ({next(self._number)})"


def rows_of(doors: Sequence[Door]) -> list[DoorRow]:
    """Each door beside the first."""
    socket = doors[0]

    def ratio(mine: Sequence[float], base: Sequence[float]) -> float:
        return round(median(a / b for a, b in zip(mine, base, strict=True)), 3)

    return [
        DoorRow(
            door=door.name,
            calls=len(door.cpu_s),
            cpu_ms=round(median(door.cpu_s) * 1000, 2),
            first_token_ms=round(median(door.first_s) * 1000, 1),
            cpu_of_socket=ratio(door.cpu_s, socket.cpu_s),
            first_token_of_socket=ratio(door.first_s, socket.first_s),
        )
        for door in doors
    ]


async def compare(ours: Installed, calls: int, rounds: int) -> list[DoorRow]:
    """Every door in turn, and that again, each time from another one on; the first time of all does not count."""
    (token,), (admin,) = ours.tokens(1), ours.tokens(1, ["admin"])
    async with httpx.AsyncClient(
        base_url=ours.url, headers={"Authorization": f"Bearer {token}"}, timeout=WITHIN_S
    ) as http:
        put = await http.put("/v1/assistants/default", json=ASSISTANT, headers={"Authorization": f"Bearer {admin}"})
        put.raise_for_status()
        doors, pid = Callers(ours, http).doors(), ours.pids["api"]
        for number in range(rounds + 1):
            for door in doors[number % len(doors) :] + doors[: number % len(doors)]:
                await door.measure(pid, calls)
        for door in doors:
            del door.cpu_s[0], door.first_s[0]
    found = rows_of(doors)
    for row in found:
        row.calls *= calls
    return found


@click.command()
@recordable
@click.option("--calls", default=60, show_default=True, help="Questions through each door in a round.")
@click.option("--rounds", default=4, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def doors(calls: int, rounds: int, as_json: bool) -> None:
    """What a call through each door costs beside the socket, interleaved in one run, answers cached by nobody. Each
    call is a session of its own; a whole answer's first token is its last.

    Example: colloquy bench doors --rounds 4
    """
    from infra.bench.stream import StandInControl

    with installed(1, DOCUMENTS) as ours:
        StandInControl(ours.bedrock_url).pace(first_token_ms=20, token_ms=1)
        found = asyncio.run(compare(ours, calls, rounds))
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in found]) if as_json else table(found))
    keep(
        {f"cpu, {row.door}": row.cpu_of_socket for row in found[1:]}
        | {f"first token, {row.door}": row.first_token_of_socket for row in found[1:]}
    )
