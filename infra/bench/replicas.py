"""Kills, rolling restarts and outages over several API processes under load: what clients lost, waited and paid."""

from __future__ import annotations

import asyncio
import json
import os
import random  # noqa: TID251  # draws the faults, from a seed
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import click
import httpx
import msgspec

from api.client import Backoff, Colloquy, Failure
from api.client import frames as f
from application.clock import monotonic, now
from infra.bench.harness.chat_load import percentile
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.ledger.benchmark import apart, ledger_lines, ledger_sums, provider_sums, reconcile, wait_until_quiet
from infra.bench.results import keep, recordable
from infra.local.endpoints import read_installation

FROZEN_S, THROTTLED_S, BACK_S = 5.0, 5.0, 60.0
NOTICED_S = 20.0
"""A turn that is resumed so long after a kill was resumed because of it."""
PACE = {"first_token_ms": 200, "token_ms": 30}
BACKOFF = Backoff(first_s=0.2, most_s=2.0, tries=200)


class Survived(msgspec.Struct, kw_only=True):
    """What became of all turns that were asked: `whole` ended with a text that its deltas give to the character; `lost`
    have no end; `torn` another text than was streamed. Seconds from a kill to what is said next; tokens apart from the
    provider's count before and after `reconcile`; turns that views lacked when they had a minute."""

    turns: int
    whole: float
    lost: int
    torn: int
    failed: int
    faults: str
    takeovers: int
    takeover_p50_s: float
    takeover_p99_s: float
    apart_before: int
    apart_after: int
    missing_in_views: int

    @property
    def passed(self) -> bool:
        """What is promised."""
        return self.whole >= 0.999 and not (self.lost or self.torn or self.apart_after or self.missing_in_views)


@dataclass
class Storm:
    """The load and what befalls it."""

    ours: Installed
    seed: int
    over: asyncio.Event = field(default_factory=asyncio.Event)
    kills: list[float] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    async def client(self, number: int, token: str) -> None:
        """Asks one question after the other in a session of its own, and goes on wherever the front leads to."""
        async with Colloquy(self.ours.url, token) as colloquy, colloquy.chat(backoff=BACKOFF) as chat:
            turn = 0
            while not self.over.is_set():
                turn += 1
                try:
                    async with asyncio.timeout(180):
                        self.ends[await self.ask(chat, f"{number}-{turn}")] += 1
                except (Failure, OSError, TimeoutError) as error:
                    self.ends["lost"] += 1
                    self.why[f"{type(error).__name__}: {str(error)[:80]}"] += 1

    async def ask(self, chat: Any, id: str) -> str:
        """How one turn ended."""
        text = ""
        async for frame in chat.ask(QUESTION, id=id, cache="bypass"):
            if isinstance(frame, f.Delta):
                text += frame.delta
            elif isinstance(frame, f.Reset):
                text = ""
                if frame.reason == "resumed" and self.kills and monotonic() - self.kills[-1] < NOTICED_S:
                    self.resumed.append(monotonic() - self.kills[-1])
            elif isinstance(frame, f.Failed):
                self.why[str(frame.error.get("code"))] += 1
                return "failed"
            elif isinstance(frame, f.Completed):
                return "whole" if frame.text == text else "torn"
        return "lost"

    async def befall(self, seconds: float, faults: int) -> None:
        """So many faults, evenly over the time, drawn by the seed."""
        drawn = random.Random(self.seed)
        befallen: dict[str, Callable[[random.Random], Awaitable[None]]] = {
            "kill": self.kill, "roll": self.roll, "freeze_nats": lambda _: self.freeze("nats"),
            "freeze_valkey": lambda _: self.freeze("valkey"), "freeze_aws": lambda _: self.freeze("aws"),
            "restart_postgres": self.restart_postgres, "throttle": self.throttle,
        }  # fmt: skip
        kinds = list(befallen)
        began = monotonic()
        for number in range(faults):
            # Each kind comes once before one comes twice.
            if number % len(kinds) == 0:
                drawn.shuffle(kinds)
            due = began + seconds * (number + 0.5) / faults
            await asyncio.sleep(max(0.0, due - monotonic()))
            kind = kinds[number % len(kinds)]
            self.faults[kind] += 1
            await befallen[kind](drawn)
        await asyncio.sleep(max(0.0, began + seconds - monotonic()))

    async def kill(self, drawn: random.Random) -> None:
        """-9 to an API process."""
        victim = drawn.choice(self.pids("api"))
        self.kills.append(monotonic())
        os.kill(victim, signal.SIGKILL)
        await self.back(victim)

    async def roll(self, drawn: random.Random) -> None:
        """Every API process is told to leave, one after the other."""
        for pid in self.pids("api"):
            os.kill(pid, signal.SIGTERM)
            await self.back(pid)

    async def restart_postgres(self, drawn: random.Random) -> None:
        """As an upgrade does it: sessions are cut at once."""
        os.kill(self.pids("postgres")[0], signal.SIGINT)

    async def throttle(self, drawn: random.Random) -> None:
        """One call in two is refused for some seconds."""
        async with httpx.AsyncClient(base_url=self.ours.bedrock_url, timeout=10) as http:
            order = {"kind": "throttle", "operation": "ConverseStream", "probability": 0.5}
            (await http.post("/control/faults", json=order)).raise_for_status()
            await asyncio.sleep(THROTTLED_S)
            (await http.delete("/control/faults")).raise_for_status()

    async def freeze(self, part: str) -> None:
        """Stop a process for some seconds: it is there, and says nothing (`aws` is S3, DynamoDB and KMS)."""
        pid = self.pids(part)[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(FROZEN_S)
        finally:
            os.kill(pid, signal.SIGCONT)

    def pids(self, part: str) -> list[int]:
        """The processes of a part as they are now."""
        found = read_installation(self.ours.data_dir)["pids"][part]
        return list(found) if isinstance(found, list) else [found]

    async def back(self, gone: int) -> None:
        """Until as many API processes are ready as there were."""
        async with asyncio.timeout(BACK_S), httpx.AsyncClient(timeout=2) as http:
            while True:
                try:
                    codes = [(await http.get(f"{url}/health/ready")).status_code for url in self.ours.urls]
                except httpx.HTTPError:
                    codes = [0]
                if set(codes) == {200} and gone not in self.pids("api"):
                    return
                await asyncio.sleep(0.2)


def missing_turns(ours: Installed, tokens: list[str], asked: int, deadline_s: float = 60.0) -> int:
    """How many turns the session views of all users lack once they had time to catch up."""
    from infra.bench.outage import missing_turns as missing

    return missing(ours, tokens, asked, deadline_s)


def run(replicas: int, sockets: int, tenants: int, minutes: float, faults: int, seed: int) -> tuple[Survived, Storm]:
    """The whole exercise on an installation of its own."""
    since = now()
    with installed(tenants, DOCUMENTS, replicas=replicas, front=True) as ours:
        httpx.post(f"{ours.bedrock_url}/control/pace", json=PACE, timeout=10).raise_for_status()
        storm, tokens = Storm(ours, seed), ours.tokens(sockets)
        asyncio.run(weather(storm, tokens, minutes * 60, faults))
        asked = storm.ends.total()
        missing = missing_turns(ours, tokens, asked - storm.ends["lost"])
        wait_until_quiet(ours)
        theirs, before = provider_sums(ours), ledger_sums(ledger_lines(ours))
        asyncio.run(reconcile(ours, since))
        ours.wait_for_costs(120)
        after = ledger_sums(ledger_lines(ours))
    keys = theirs.keys() | before.keys() | after.keys()
    outcome = Survived(
        turns=asked,
        whole=storm.ends["whole"] / max(1, asked),
        lost=storm.ends["lost"],
        torn=storm.ends["torn"],
        failed=storm.ends["failed"],
        faults=", ".join(f"{count} {name}" for name, count in sorted(storm.faults.items())),
        takeovers=len(storm.resumed),
        takeover_p50_s=round(percentile(storm.resumed, 0.5), 1),
        takeover_p99_s=round(percentile(storm.resumed, 0.99), 1),
        apart_before=sum(apart(theirs, before, key) for key in keys),
        apart_after=sum(apart(theirs, after, key) for key in keys),
        missing_in_views=missing,
    )
    return outcome, storm


async def weather(storm: Storm, tokens: list[str], seconds: float, faults: int) -> None:
    """Clients for so long, and what befalls them meanwhile; then they may finish."""
    clients = [asyncio.create_task(storm.client(number, token)) for number, token in enumerate(tokens)]
    try:
        await storm.befall(seconds, faults)
    finally:
        storm.over.set()
        await asyncio.gather(*clients)


@click.command()
@recordable
@click.option("--replicas", default=3, show_default=True)
@click.option("--sockets", default=250, show_default=True)
@click.option("--tenants", default=50, show_default=True)
@click.option("--minutes", default=5.0, show_default=True)
@click.option("--faults", default=12, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def replicas(replicas: int, sockets: int, tenants: int, minutes: float, faults: int, seed: int, as_json: bool) -> None:
    """Kill, roll and freeze what runs under load: no turn may be lost or torn, the ledger must be right afterwards.

    Example: colloquy bench replicas --sockets 60 --tenants 12 --minutes 2 --faults 7
    """
    row, storm = run(replicas, sockets, tenants, minutes, faults, seed)
    click.echo(json.dumps(msgspec.structs.asdict(row)) if as_json else table([row]))
    for why, count in storm.why.most_common():
        click.echo(f"{count} x {why}", err=True)
    keep({"turns that were not whole": 1 - row.whole, "longest takeover, of ten seconds": row.takeover_p99_s / 10})
    if not row.passed:
        raise click.exceptions.Exit(1)
