"""`colloquy bench noisy`: one tenant asks ten times what it may; how soon do the others get their first token?"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import click
import httpx
import msgspec
from websockets.asyncio.client import ClientConnection

from application.clock import monotonic
from infra.bench.harness.chat_load import Seen, ask, close_all, open_sockets, percentile
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

PER_MINUTE, TURNS = 300, 20
"""What a tenant may by default: requests a minute, turns at once."""
SOCKETS = 40
"""Of the noisy tenant."""
WINDOW_S, BEFORE_S = 15.0, 9.0
"""Seconds that are measured, and of noise before them: a bucket holds a minute's requests, which are used up first."""
LOADS = {"alone": 0.0, "at its limit": 1.0, "at ten times its limit": 10.0}
LIMITS = {"COLLOQUY_REQUESTS_PER_MINUTE": str(PER_MINUTE), "COLLOQUY_MAX_TURNS_PER_TENANT": str(TURNS)}


class Window(msgspec.Struct, kw_only=True):
    """The others' first tokens over all windows of one load: milliseconds; and what the noisy tenant was answered."""

    load: str
    turns: int
    errors: int
    first_token_p50_ms: float
    first_token_p95_ms: float
    p95_of_alone: float
    noise: str


async def measure(ours: Installed, rounds: int, people: int, tell: Callable[[str], None]) -> list[Window]:
    """The loads take turns, so that whatever else the machine does meets all of them."""
    noisy, tokens = ours.tenants[0], ours.tokens(len(ours.tenants) * max(SOCKETS, people))
    own = [token for n, token in enumerate(tokens) if n % len(ours.tenants) == 0][:SOCKETS]
    others = [token for n, token in enumerate(tokens) if n % len(ours.tenants)][:people]
    assert noisy and len(others) == people
    sockets = await open_sockets(ours.url.replace("http", "ws", 1) + "/v1/chat", others)
    firsts: dict[str, list[list[float]]] = {load: [] for load in LOADS}
    told: dict[str, Counter[str]] = {load: Counter() for load in LOADS}
    errors: Counter[str] = Counter()
    await _ask_for(sockets, 5.0, "warm")
    for number in range(rounds):
        for load, times in LOADS.items():
            async with noise(ours.url, own, times * PER_MINUTE / 60, told[load]):
                found, failed = await _ask_for(sockets, WINDOW_S, f"{number}-{load}")
            firsts[load].append(found)
            errors[load] += failed
            tell(f"{number + 1} {load}: p95 {percentile(found, 0.95) * 1e3:.0f} ms of {len(found)} turns")
    await close_all(sockets)
    p95 = {load: [percentile(window, 0.95) for window in windows] for load, windows in firsts.items()}
    return [
        Window(
            load=load,
            turns=sum(map(len, windows)),
            errors=errors[load],
            first_token_p50_ms=round(percentile([one for window in windows for one in window], 0.5) * 1e3, 1),
            first_token_p95_ms=round(percentile([one for window in windows for one in window], 0.95) * 1e3, 1),
            p95_of_alone=round(median(a / b for a, b in zip(p95[load], p95["alone"], strict=True)), 3),
            noise=", ".join(f"{name} {count}" for name, count in sorted(told[load].items())),
        )
        for load, windows in firsts.items()
    ]


async def _ask_for(sockets: Sequence[ClientConnection], seconds: float, name: str) -> tuple[list[float], int]:
    """Each asks, and again a moment after it was answered; seconds to the first tokens, and how many turns failed."""
    until = monotonic() + seconds

    async def one(number: int, socket: ClientConnection) -> list[Seen]:
        seen: list[Seen] = []
        await asyncio.sleep(number / len(sockets))
        while monotonic() < until:
            seen.append(await ask(socket, f"{name}-{number}-{len(seen)}", QUESTION))
            await asyncio.sleep(0.3)
        return seen

    found = [one for seen in await asyncio.gather(*map(one, range(len(sockets)), sockets)) for one in seen]
    return [one.first_token for one in found if not one.error], sum(bool(one.error) for one in found)


@asynccontextmanager
async def noise(url: str, tokens: Sequence[str], rate: float, told: Counter[str]) -> AsyncIterator[None]:
    """The noisy tenant at `rate` requests a second for as long as the block is measured."""
    if not rate:
        yield
        return
    command = [sys.executable, "-m", "infra.bench.noise", url, str(rate), str(WINDOW_S + BEFORE_S + 1)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin and process.stdout, "they are pipes"
    process.stdin.write(json.dumps(list(tokens)).encode())
    process.stdin.close()
    try:
        await process.stdout.readline()
        await asyncio.sleep(BEFORE_S)
        yield
        told.update(json.loads(await process.stdout.readline()))
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


def run(tenants: int, rounds: int, people: int, tell: Callable[[str], None]) -> list[Window]:
    """On an installation of its own, with limits as they are by default."""
    limits: dict[str, Any] = LIMITS
    with installed(tenants, DOCUMENTS, **limits) as ours:
        httpx.post(f"{ours.bedrock_url}/control/pace", json={"first_token_ms": 50, "token_ms": 10}, timeout=10)
        return asyncio.run(measure(ours, rounds, people, tell))


@click.command()
@recordable
@click.option("--tenants", default=6, show_default=True, help="One of them is noisy.")
@click.option("--people", default=10, show_default=True, help="Of the other tenants, who ask all the time.")
@click.option("--rounds", default=5, show_default=True, help="Of all three loads, a quarter of a minute each.")
@click.option("--json", "as_json", is_flag=True)
def noisy(tenants: int, people: int, rounds: int, as_json: bool) -> None:
    """One tenant at ten times its limit, at its limit, and absent, in turn: the others' first tokens.

    Example: colloquy bench noisy --rounds 5
    """
    found = run(tenants, rounds, people, lambda line: click.echo(line, err=True))
    click.echo(json.dumps([msgspec.to_builtins(row) for row in found]) if as_json else table(found))
    keep({f"p95 of first token, {row.load}": row.p95_of_alone for row in found[1:]})
