"""What the server adds to a stream: first token, deltas a second, CPU a delta, beside a bare pipe in the same run."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from infra.bench.chat_load import ask_all, close_all, open_sockets, percentile
from infra.bench.handbook import DOCUMENTS, QUESTION
from infra.bench.installation import installed
from infra.bench.processes import cpu_seconds
from infra.local.endpoints import installation_environment


class Row(msgspec.Struct, kw_only=True):
    """One measurement: milliseconds, microseconds a delta of the model's."""

    what: str
    streams: int
    first_token_p50_ms: float
    first_token_p99_ms: float
    deltas_per_s: float
    cpu_us_per_delta: float
    errors: int


class Pipe:
    """The bare pipe, in a process of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(2_048)
        self.url = f"ws://127.0.0.1:{listening.getsockname()[1]}/chat"
        command = [sys.executable, "-m", "infra.bench.bare_pipe", str(listening.fileno())]
        self.process = subprocess.Popen(command, env=environment, pass_fds=(listening.fileno(),))
        listening.close()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


async def _pipe_ask(pipe: ClientConnection, prompt: str) -> tuple[float, int, str]:
    began, first, deltas = time.perf_counter(), 0.0, 0
    try:
        async with asyncio.timeout(180):
            await pipe.send(json.dumps({"text": prompt}))
            while "done" not in (frame := json.loads(await pipe.recv())):
                first = first or time.perf_counter() - began
                deltas += "delta" in frame
    except Exception as error:  # counted, whatever it is
        return 0.0, deltas, f"{type(error).__name__}: {error}"
    return first, deltas, ""


async def measure_pipe(pipe: Pipe, prompt: str, streams: int) -> Row:
    """All streams at once through the bare pipe."""
    gate = asyncio.Semaphore(50)

    async def one() -> ClientConnection:
        async with gate:
            return await connect(pipe.url, max_size=None, open_timeout=60, ping_interval=None)

    sockets = list(await asyncio.gather(*(one() for _ in range(streams))))
    cpu, began = cpu_seconds(pipe.process.pid), time.perf_counter()
    seen = await asyncio.gather(*(_pipe_ask(s, prompt) for s in sockets))
    took, cpu = time.perf_counter() - began, cpu_seconds(pipe.process.pid) - cpu
    await close_all(sockets)
    deltas = sum(d for _, d, _ in seen)
    return _row(
        "bare pipe", streams, [f for f, _, e in seen if not e], deltas, took, cpu, sum(bool(e) for *_, e in seen)
    )


def _row(what: str, streams: int, firsts: Sequence[float], deltas: int, took: float, cpu: float, errors: int) -> Row:
    return Row(
        what=what,
        streams=streams,
        first_token_p50_ms=round(percentile(firsts, 0.5) * 1e3, 1),
        first_token_p99_ms=round(percentile(firsts, 0.99) * 1e3, 1),
        deltas_per_s=round(deltas / took),
        cpu_us_per_delta=round(cpu / max(1, deltas) * 1e6, 1),
        errors=errors,
    )


class Bedrock:
    """The stand-in's control endpoint: how many deltas it has sent, and what it was asked last."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)

    def deltas(self) -> int:
        """Text deltas sent since it started."""
        return int(self._http.get("/control/totals").json()["deltas"])

    def pace(self, first_token_ms: int, token_ms: int) -> None:
        """How fast it answers."""
        self._http.post(
            "/control/pace", json={"first_token_ms": first_token_ms, "token_ms": token_ms}
        ).raise_for_status()

    def last_prompt(self) -> str:
        """The last user message it got."""
        body: Any = self._http.get("/control/requests?last=50").json()["requests"]
        converse = [r for r in body if "messages" in r["body"]]
        return str(converse[-1]["body"]["messages"][-1]["content"][0]["text"])


async def measure_ours(url: str, pid: int, tokens: Sequence[str], bedrock: Bedrock, streams: int) -> Row:
    """All streams at once through the whole server."""
    sockets = await open_sockets(url, [tokens[n % len(tokens)] for n in range(streams)])
    cpu, before, began = cpu_seconds(pid), bedrock.deltas(), time.perf_counter()
    seen = await ask_all(sockets, QUESTION, f"bench-{streams}")
    took, cpu, deltas = time.perf_counter() - began, cpu_seconds(pid) - cpu, bedrock.deltas() - before
    await close_all(sockets)
    firsts = [s.first_token for s in seen if s.exact]
    return _row("colloquy", streams, firsts, deltas, took, cpu, sum(not s.exact for s in seen))


async def compare(counts: Sequence[int], rounds: int) -> list[Row]:
    """For each number of streams the bare pipe and the whole server, taking turns; the median round of each."""
    rows: list[Row] = []
    with installed(min(50, max(counts)), DOCUMENTS) as ours:
        bedrock, url = Bedrock(ours.bedrock_url), ours.url.replace("http", "ws", 1) + "/v1/chat"
        bedrock.pace(50, 20)
        tokens = ours.tokens(max(counts))
        await measure_ours(url, ours.pids["api"], tokens, bedrock, 1)
        prompt = bedrock.last_prompt()
        pipe = Pipe(os.environ | installation_environment(ours.data_dir))
        try:
            await measure_pipe(pipe, prompt, 1)
            for streams in counts:
                pairs = [
                    (
                        await measure_pipe(pipe, prompt, streams),
                        await measure_ours(url, ours.pids["api"], tokens, bedrock, streams),
                    )
                    for _ in range(rounds)
                ]
                rows += [
                    sorted(side, key=lambda r: r.cpu_us_per_delta)[rounds // 2] for side in zip(*pairs, strict=True)
                ]
        finally:
            pipe.stop()
    return rows
