"""`colloquy bench restore-drill`: a backup under load, erasures after it, and the drill that restores it meanwhile."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click
import httpx
import msgspec

from application.clock import now, rfc3339
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.replicas import Storm
from infra.local.postgres import SHARED

DRILL_S = 500
FOLLOWED_S = 10.0
"""For so long changes are kept before the moment that is gone back to."""
PACE = {"first_token_ms": 200, "token_ms": 20}


class Rehearsed(msgspec.Struct, kw_only=True):
    """What the drill said, beside what people noticed of it. `erased` are users of whom everything was erased between
    backup and restore; see `Drilled` for the rest."""

    turns: int
    not_whole: int
    erased: int
    facts: int
    rpo_s: float
    facts_since: int
    rto_s: float
    checked_s: float
    erased_since: int
    given_back: int
    log_findings: int
    unlike: int
    parked: int

    @property
    def passed(self) -> bool:
        """Nobody noticed, all is there, and what was erased is not."""
        bad = (self.not_whole, self.given_back, self.log_findings, self.unlike, self.parked)
        return self.turns > 0 and self.erased_since > 0 and not any(bad)


def colloquy(ours: Installed, *arguments: str) -> str:
    """A command on the installation, and what it printed; RuntimeError when it fails."""
    command = [sys.executable, "-m", "api.cli", "--data-dir", str(ours.data_dir), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DRILL_S, check=False)
    if not done.stdout or done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()[-800:]}")
    return done.stdout


@contextmanager
def followed(ours: Installed, folder: str) -> Iterator[None]:
    """Every change is kept in `folder` for as long as a block runs."""
    command = [sys.executable, "-m", "api.cli", "--data-dir", str(ours.data_dir), "backup", folder, "--follow"]
    archive = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if archive.stdout is None or not archive.stdout.readline():
            raise RuntimeError("the archive did not begin")
        yield
    finally:
        archive.terminate()
        archive.wait(60)


async def backed_up(ours: Installed, folder: str, kept: ExitStack, *, any_moment: bool) -> list[str]:
    """Back up as of now; what restores that."""
    if not any_moment:
        await asyncio.to_thread(colloquy, ours, "backup", folder)
        return ["restore", folder, "--drill"]
    await asyncio.to_thread(kept.enter_context, followed(ours, folder))
    await asyncio.sleep(FOLLOWED_S)
    return ["restore", folder, "--drill", "--to", rfc3339(now())]


async def exercise(
    ours: Installed, sockets: int, seconds: float, erased: int, *, any_moment: bool
) -> tuple[Storm, dict[str, Any]]:
    """People ask; a backup is made; some of them, who have left by then, are erased; the backup is restored."""
    storm, tokens = Storm(ours, 0), ours.tokens(sockets)
    leavers = Storm(ours, 0)
    leaving = [asyncio.create_task(leavers.client(n, token)) for n, token in enumerate(tokens[:erased])]
    staying = [asyncio.create_task(storm.client(n, token)) for n, token in enumerate(tokens[erased:], erased)]
    await asyncio.sleep(seconds)
    leavers.over.set()
    await asyncio.gather(*leaving)
    with tempfile.TemporaryDirectory(prefix="colloquy-backup-", dir=SHARED) as folder, ExitStack() as kept:
        restore = await backed_up(ours, folder, kept, any_moment=any_moment)
        for number in range(erased):
            tenant = ours.tenants[number % len(ours.tenants)]
            await asyncio.to_thread(colloquy, ours, "erase", "--tenant", tenant, "--user", f"user-{number}")
        said = await asyncio.to_thread(colloquy, ours, *restore, "--json")
    storm.over.set()
    await asyncio.gather(*staying)
    storm.ends.update(leavers.ends)
    return storm, json.loads(said)


def run(sockets: int, tenants: int, seconds: float, erased: int, *, any_moment: bool) -> Rehearsed:
    """The whole exercise on an installation of its own."""
    with installed(tenants, DOCUMENTS) as ours:
        httpx.post(f"{ours.bedrock_url}/control/pace", json=PACE, timeout=10).raise_for_status()
        storm, said = asyncio.run(exercise(ours, sockets, seconds, erased, any_moment=any_moment))
    told = {name: said[name] for name in Rehearsed.__struct_fields__ if name in said}
    turns = storm.ends.total()
    return Rehearsed(
        **told | {"unlike": len(said["unlike"])}, turns=turns, not_whole=turns - storm.ends["whole"], erased=erased
    )


@click.command("restore-drill")
@click.option("--sockets", default=20, show_default=True)
@click.option("--tenants", default=4, show_default=True)
@click.option("--seconds", default=20.0, show_default=True, help="Of load before the backup.")
@click.option("--erased", default=3, show_default=True, help="Users who are erased between backup and restore.")
@click.option("--any-moment", is_flag=True, help="By an archive of every change, to a moment that is no backup's.")
@click.option("--json", "as_json", is_flag=True)
def restore_drill(sockets: int, tenants: int, seconds: float, erased: int, any_moment: bool, as_json: bool) -> None:
    """Back up under load, erase, restore beside: recovery point and time, and whether erased stays erased.

    Example: colloquy bench restore-drill --sockets 20
    """
    row = run(sockets, tenants, seconds, erased, any_moment=any_moment)
    click.echo(json.dumps(msgspec.structs.asdict(row)) if as_json else table([row]))
    if not row.passed:
        raise click.exceptions.Exit(1)
