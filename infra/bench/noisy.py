"""`colloquy bench noisy`: one tenant asks ten times what it may; how soon do the others get their first token?"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
from infra.bench.harness.processes import cpu_of_all
from infra.bench.harness.table import table
from infra.bench.noise import FLOODS, SENDERS
from infra.bench.results import keep, recordable

PER_MINUTE, TURNS = 300, 20
"""What a tenant may by default: requests a minute, turns at once."""
SOCKETS = 40
"""Of the noisy tenant."""
WINDOW_S, BEFORE_S = 15.0, 14.0
"""Seconds that are measured, and of noise before them: a bucket holds a minute's requests, which are used up first, and
the turns among them end."""
LOADS = {"alone": 0.0, "at its limit": 1.0, "at ten times its limit": 10.0}
LIMITS = {"COLLOQUY_REQUESTS_PER_MINUTE": str(PER_MINUTE), "COLLOQUY_MAX_TURNS_PER_TENANT": str(TURNS)}
FLOOD_S = 6.0
LITTLE = 10
"""Requests a minute of the tenant that floods: nearly all that it sends is refused. Sockets it may open four times as
many."""


class Window(msgspec.Struct, kw_only=True):
    """The others' first tokens over all windows of one load: milliseconds; the API server's CPU in cores (the median);
    and what the noisy tenant was answered."""

    load: str
    turns: int
    errors: int
    first_token_p50_ms: float
    first_token_p95_ms: float
    p95_of_alone: float
    p95_of_its_limit: float
    api_cores: float
    noise: str


class Flood(msgspec.Struct, kw_only=True):
    """One kind of flood by a tenant that may nearly nothing: the API server's CPU beyond what it takes when nobody
    asks, in cores, and for each that was answered, in microseconds."""

    kind: str
    answered_a_second: float
    api_cores: float
    api_us_each: float
    told: str


@dataclass
class WindowsOfLoad:
    """What the windows of one load gave."""

    firsts: list[list[float]] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def p95(self) -> list[float]:
        """Of each window, in seconds."""
        return [percentile(window, 0.95) for window in self.firsts]


async def measure(ours: Installed, rounds: int, people: int, tell: Callable[[str], None]) -> list[Window]:
    """The loads take turns, so that whatever else the machine does meets all of them."""
    tokens = ours.tokens(len(ours.tenants) * max(SOCKETS, people))
    own = [token for n, token in enumerate(tokens) if n % len(ours.tenants) == 0][:SOCKETS]
    others = [token for n, token in enumerate(tokens) if n % len(ours.tenants)][:people]
    assert len(others) == people
    sockets = await open_sockets(ours.url.replace("http", "ws", 1) + "/v1/chat", others)
    heard = {load: WindowsOfLoad() for load in LOADS}
    await _ask_for(sockets, 5.0, "warm")
    for number in range(rounds):
        for load, times in LOADS.items():
            one = heard[load]
            async with noise(ours.url, own, str(times * PER_MINUTE / 60), WINDOW_S + BEFORE_S + 1, one.told, times > 0):
                await asyncio.sleep(BEFORE_S if times else 0.0)
                parts = _cpu(ours)
                found, failed = await _ask_for(sockets, WINDOW_S, f"{number}-{load}")
                used = {part: (after - parts[part]) / WINDOW_S for part, after in _cpu(ours).items()}
            one.firsts.append(found)
            one.cores.append(used["api"])
            one.errors.update(failed)
            shares = " ".join(f"{part} {share:.2f}" for part, share in used.items())
            tell(f"{number + 1} {load}: p95 {one.p95[-1] * 1e3:.0f} ms of {len(found)} turns; cores: {shares}")
            tell(f"  not answered: {_said(failed)}") if failed else None
    await close_all(sockets)
    return [_window(load, one, heard) for load, one in heard.items()]


def _window(load: str, one: WindowsOfLoad, heard: dict[str, WindowsOfLoad]) -> Window:
    """Ratios are medians of rounds."""

    def times(of: str) -> float:
        return round(median(a / b for a, b in zip(one.p95, heard[of].p95, strict=True) if b), 3)

    firsts = [first for window in one.firsts for first in window]
    return Window(
        load=load,
        turns=len(firsts),
        errors=one.errors.total(),
        first_token_p50_ms=round(percentile(firsts, 0.5) * 1e3, 1),
        first_token_p95_ms=round(percentile(firsts, 0.95) * 1e3, 1),
        p95_of_alone=times("alone"),
        p95_of_its_limit=times("at its limit"),
        api_cores=round(median(one.cores), 3),
        noise=_said(one.told),
    )


def _cpu(ours: Installed) -> dict[str, float]:
    """CPU seconds of the installation's processes by part."""
    return {part: sum(map(cpu_of_all, pids if isinstance(pids, list) else [pids])) for part, pids in ours.pids.items()}


def _said(told: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(told.items()))


async def _ask_for(sockets: Sequence[ClientConnection], seconds: float, name: str) -> tuple[list[float], Counter[str]]:
    """Each asks, and again a moment after it was answered; seconds to the first tokens, and why turns failed."""
    until = monotonic() + seconds

    async def one(number: int, socket: ClientConnection) -> list[Seen]:
        seen: list[Seen] = []
        await asyncio.sleep(number / len(sockets))
        while monotonic() < until:
            seen.append(await ask(socket, f"{name}-{number}-{len(seen)}", QUESTION))
            await asyncio.sleep(0.3)
        return seen

    found = [one for seen in await asyncio.gather(*map(one, range(len(sockets)), sockets)) for one in seen]
    return [one.first_token for one in found if not one.error], Counter(one.error for one in found if one.error)


@asynccontextmanager
async def noise(
    url: str, tokens: Sequence[str], what: str, seconds: float, told: Counter[str], is_there: bool = True
) -> AsyncIterator[None]:
    """The noisy tenant in its own process, so many requests a second or a flood of one kind, from when it is ready."""
    if not is_there:
        yield
        return
    command = [sys.executable, "-m", "infra.bench.noise", url, what, str(seconds)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin and process.stdout, "they are pipes"
    process.stdin.write(json.dumps(list(tokens)).encode())
    process.stdin.close()
    try:
        await process.stdout.readline()
        yield
        told.update(json.loads(await process.stdout.readline()))
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


async def price(ours: Installed, tell: Callable[[str], None]) -> list[Flood]:
    """What each kind of flood costs the API server while nobody else asks."""
    _allow_little(ours)
    tokens = [token for n, token in enumerate(ours.tokens(len(ours.tenants) * SENDERS)) if n % len(ours.tenants) == 1]
    before = _cpu(ours)["api"]
    await asyncio.sleep(FLOOD_S)
    idle, found = (_cpu(ours)["api"] - before) / FLOOD_S, []
    for kind in FLOODS:
        told: Counter[str] = Counter()
        before, began = _cpu(ours)["api"], monotonic()
        async with noise(ours.url, tokens, kind, FLOOD_S, told):
            pass
        took = monotonic() - began
        cores = (_cpu(ours)["api"] - before) / took - idle
        answered = told.total() - told["sent"] - told["closed"]
        each = cores * took / answered * 1e6 if answered else 0.0
        found.append(
            Flood(
                kind=kind,
                answered_a_second=round(answered / took, 1),
                api_cores=round(cores, 3),
                api_us_each=round(each),
                told=_said(told),
            )
        )
        tell(f"{kind}: {answered / took:.0f} a second, {cores:.3f} cores")
    return found


def _allow_little(ours: Installed) -> None:
    """The second tenant, as its admin says it."""
    admin = ours.tokens(2, ["admin"])[1]
    headers = {"Authorization": f"Bearer {admin}"}
    answer = httpx.put(f"{ours.url}/v1/budget", json={"requests_per_minute": LITTLE}, headers=headers, timeout=30)
    answer.raise_for_status()


def run(
    tenants: int, rounds: int, people: int, floods: bool, tell: Callable[[str], None]
) -> tuple[list[Window], list[Flood]]:
    """On an installation of its own, with limits as they are by default."""
    limits: dict[str, Any] = LIMITS
    with installed(tenants, DOCUMENTS, **limits) as ours:
        httpx.post(f"{ours.bedrock_url}/control/pace", json={"first_token_ms": 50, "token_ms": 10}, timeout=10)
        windows = asyncio.run(measure(ours, rounds, people, tell)) if rounds else []
        return windows, asyncio.run(price(ours, tell)) if floods else []


@click.command()
@recordable
@click.option("--tenants", default=6, show_default=True, help="One of them is noisy.")
@click.option("--people", default=10, show_default=True, help="Of the other tenants, who ask all the time.")
@click.option("--rounds", default=5, show_default=True, help="Of all three loads, a quarter of a minute each.")
@click.option("--floods/--no-floods", default=True, show_default=True, help="Also what each kind of flood costs.")
@click.option("--json", "as_json", is_flag=True)
def noisy(tenants: int, people: int, rounds: int, floods: bool, as_json: bool) -> None:
    """One tenant at ten times its limit, at its limit, and absent, in turn: the others' first tokens.

    The noise is made at nice 19, so that its maker takes no CPU from what is measured while that wants it.

    Example: colloquy bench noisy --rounds 5
    """
    windows, flooded = run(tenants, rounds, people, floods, lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins({"windows": windows, "floods": flooded})))
    else:
        click.echo("\n\n".join(table(rows) for rows in (windows, flooded) if rows))
    keep({f"p95 of first token, {row.load}": row.p95_of_alone for row in windows[1:]})
