"""An upgrade under load, and back: two versions on one database, sockets rolled over, read models switched."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
import httpx
import msgspec

from application.clock import monotonic, now
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import LIMITS, Installed, create_tenant
from infra.bench.harness.table import table
from infra.bench.harness.versions import THIS, Processes, Version, checked_out, surroundings
from infra.bench.ledger.benchmark import apart, ledger_lines, ledger_sums, provider_sums, reconcile, wait_until_quiet
from infra.bench.outage import missing_turns
from infra.bench.replicas import Storm
from infra.local.child import ends_with_parent, python
from infra.local.endpoints import write_installation
from infra.local.installation import throwaway_data_dir
from infra.local.ports import held
from infra.local.stack import running

MODELS = ("session_view", "costs", "audit")
READ_S = 0.25
SETTINGS = LIMITS | {"COLLOQUY_STAND_IN_HASHED_EMBEDDINGS": "1", "COLLOQUY_REPLICAS": "2"}
PACE = {"first_token_ms": 200, "token_ms": 30}


class Upgraded(msgspec.Struct, kw_only=True):
    """What clients noticed. Turns by how they ended; reads of the views, those refused, and those that told less than
    one before; tokens apart from the provider's count when all was reconciled; turns that views lack; read models that
    are not what a fresh build gives; `steps` are seconds."""

    before: str
    after: str
    streams: int
    turns: int
    failed: int
    lost: int
    torn: int
    reads: int
    refused: int
    went_back: int
    apart: int
    missing: int
    unlike: list[str]
    steps: dict[str, float]

    @property
    def passed(self) -> bool:
        """Nobody noticed anything."""
        noticed = (self.failed, self.lost, self.torn, self.refused, self.went_back, self.apart, self.missing)
        return self.turns > 0 and self.reads > 0 and not any(noticed) and not self.unlike


@dataclass
class Readers:
    """Reads each view again and again, through the door that clients take."""

    ours: Installed
    reads: int = 0
    went_back: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    highest: dict[str, int] = field(default_factory=dict)

    async def read(self, over: asyncio.Event) -> None:
        """Until it is over."""
        token = self.ours.tokens(1, ["analyst", "auditor", "member"])[0]
        told: dict[str, Callable[[Any], int]] = {
            "/v1/costs/summary": lambda said: int(said["turns"]),
            "/v1/sessions?limit=100": lambda said: sum(session["turns"] for session in said["sessions"]),
            "/v1/audit/events?limit=1&order=newest": lambda said: int(said["events"][0]["position"]),
        }
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        async with httpx.AsyncClient(base_url=self.ours.url, headers=headers, timeout=30) as http:
            while not over.is_set():
                for path, much in told.items():
                    await self.one(http, path, much)
                await asyncio.sleep(READ_S)

    async def one(self, http: httpx.AsyncClient, path: str, much: Callable[[Any], int]) -> None:
        """One answer, which must not tell less than the last."""
        self.reads += 1
        try:
            found = much((await http.get(path)).raise_for_status().json())
        except (httpx.HTTPError, ValueError, LookupError) as error:
            self.refused[f"{path}: {type(error).__name__}: {str(error)[:120]}"] += 1
            return
        self.went_back += found < self.highest.get(path, 0)
        self.highest[path] = max(found, self.highest.get(path, 0))


@dataclass
class House:
    """An installation that two versions share, and what befalls it."""

    ours: Installed
    before: Processes
    after: Processes
    environment: dict[str, str]
    phase_s: float
    steps: dict[str, float] = field(default_factory=dict)

    async def step(self, name: str, work: Callable[[], object]) -> None:
        """Something that is done while all goes on."""
        began = monotonic()
        await asyncio.to_thread(work)
        self.steps[name] = round(monotonic() - began, 1)
        click.echo(f"  {self.steps[name]:6.1f} s  {name}", err=True)

    async def pass_on(self, leaves: Processes, comes: Processes, what: str) -> None:
        """From one version to the other: schema, processes beside, read models, then the old ones leave."""
        await self.step(f"{what}: migrate", lambda: comes.version.run(self.environment, "migrate"))
        comes.begin()
        await self.step(f"{what}: start", comes.wait)
        await asyncio.sleep(self.phase_s)
        await self.step(f"{what}: leave", leaves.stop)
        for model in MODELS:
            rebuild = ("projections", "rebuild", model)
            await self.step(f"{what}: {model}", lambda: comes.version.run(self.environment, *rebuild))  # noqa: B023  # awaited
        await asyncio.sleep(self.phase_s)

    async def live_through(self) -> None:
        """The old version alone, both, the new one alone, both, and the old one again."""
        await asyncio.sleep(self.phase_s)
        await self.pass_on(self.before, self.after, "up")
        await self.pass_on(self.after, self.before, "down")


@contextmanager
def house(before: Version, after: Version, tenants: int, phase_s: float) -> Iterator[House]:
    """One set of services, the old version on it, and a front before both."""
    with throwaway_data_dir() as data_dir, running(data_dir, fast=False) as stack, ExitStack() as kept:
        front, *doors = (f"http://127.0.0.1:{kept.enter_context(held())}" for _ in range(3))
        found = stack.endpoints.environment() | SETTINGS
        environment = surroundings(data_dir, found)
        logs = data_dir / "log"
        old, new = (Processes(v, environment, url, logs) for v, url in zip((before, after), doors, strict=True))
        argv = python("infra.local.front", *(url.removeprefix("http://") for url in (front, *doors)))
        spread = subprocess.Popen(argv, preexec_fn=ends_with_parent(signal.SIGTERM))  # noqa: PLW1509  # one system call
        try:
            before.run(environment, "migrate")
            old.start()
            shown = {"pid": os.getpid(), "environment": found, "url": front, "data_dir": str(data_dir), "pids": {}}
            write_installation(data_dir, shown)
            ours = Installed(front, data_dir, {}, stack.endpoints.bedrock_url, [])
            ours.tenants += [create_tenant(ours, DOCUMENTS, f"tenant {n}") for n in range(tenants)]
            httpx.post(f"{ours.bedrock_url}/control/pace", json=PACE, timeout=10).raise_for_status()
            click.echo(f"  {before.name} answers; now streams, then {after.name}", err=True)
            yield House(ours, old, new, environment, phase_s)
        finally:
            for processes in (old, new):
                processes.kill()
            spread.terminate()
            spread.wait(10)


async def under_load(house: House, storm: Storm, readers: Readers, tokens: list[str]) -> None:
    """Clients that ask and read all the while."""
    clients = [asyncio.create_task(storm.client(number, token)) for number, token in enumerate(tokens)]
    clients.append(asyncio.create_task(readers.read(storm.over)))
    try:
        await house.live_through()
    finally:
        storm.over.set()
        await asyncio.gather(*clients)


def unlike(house: House, version: Version) -> list[str]:
    """Read models whose live rows are not what their facts give."""
    found = []
    for model in MODELS:
        try:
            version.run(house.environment, "projections", "verify", model)
        except RuntimeError as error:
            found.append(f"{model}: {error}")
    return found


def run(before: Version, after: Version, streams: int, tenants: int, phase_s: float) -> tuple[Upgraded, Counter[str]]:
    """The whole exercise on an installation of its own."""
    since = now()
    with house(before, after, tenants, phase_s) as one:
        storm, readers, tokens = Storm(one.ours, 0), Readers(one.ours), one.ours.tokens(streams)
        asyncio.run(under_load(one, storm, readers, tokens))
        turns = storm.ends.total()
        missing = missing_turns(one.ours, tokens, turns - storm.ends["lost"])
        wait_until_quiet(one.ours)
        asyncio.run(reconcile(one.ours, since))
        one.ours.wait_for_costs(120)
        theirs, ledger = provider_sums(one.ours), ledger_sums(ledger_lines(one.ours))
        different = unlike(one, before)
        one.before.stop()
    outcome = Upgraded(
        before=before.name,
        after=after.name,
        streams=streams,
        turns=turns,
        failed=storm.ends["failed"],
        lost=storm.ends["lost"],
        torn=storm.ends["torn"],
        reads=readers.reads,
        refused=readers.refused.total(),
        went_back=readers.went_back,
        apart=sum(apart(theirs, ledger, key) for key in theirs.keys() | ledger.keys()),
        missing=missing,
        unlike=different,
        steps=one.steps,
    )
    return outcome, storm.why + readers.refused


@click.command()
@click.option("--from", "revision", default="HEAD", show_default=True, help="The version before: any revision of git.")
@click.option("--streams", default=50, show_default=True)
@click.option("--tenants", default=5, show_default=True)
@click.option("--phase", "phase_s", default=10.0, show_default=True, help="Seconds that each state of affairs lasts.")
@click.option("--json", "as_json", is_flag=True)
def upgrade(revision: str, streams: int, tenants: int, phase_s: float, as_json: bool) -> None:
    """Bring an installation under load from another version to this one, and back: no turn may fail.

    Example: colloquy bench upgrade --from HEAD~20 --streams 50
    """
    with checked_out(revision) as before:
        row, why = run(before, THIS, streams, tenants, phase_s)
    shown = msgspec.structs.asdict(row)
    click.echo(json.dumps(shown) if as_json else table([row]))
    for reason, count in why.most_common():
        click.echo(f"{count} x {reason}", err=True)
    if not row.passed:
        raise click.exceptions.Exit(1)
