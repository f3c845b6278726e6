"""Our ledger beside the provider's own count after a thousand turns with faults, cancels and kills; then reconciled."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import click
import httpx
import msgspec

from application.acting_tenant import EVERY, act_for
from application.clock import monotonic, now
from application.reconciliation.report import Finding, Report
from domain.usage import family_of
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.ledger.load import Load, order_faults
from infra.bench.results import keep, recordable

KINDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
QUIET_S = 10.0
Sums = dict[tuple[str, str], dict[str, int]]


class LedgerSide(msgspec.Struct, kw_only=True):
    """A tenant's calls of one model, as the provider counted them and as our ledger did, before and after `reconcile`.
    `apart` is the sum of the differences of the four kinds of tokens. Embeddings name no tenant."""

    tenant: str
    model: str
    calls: int
    calls_ours: int
    tokens: int
    apart_before: int
    apart_after: int


class Ledgers(msgspec.Struct, kw_only=True):
    """The whole exercise. `differing` are calls on which the two were apart, each explained by `reconcile`; `again` is
    how many a second run found to correct."""

    turns: int
    ends: dict[str, int]
    kills: int
    sides: list[LedgerSide]
    report: Report
    differing: list[Finding]
    unexplained: int
    again: int
    rebuilt_equal: bool

    @property
    def passed(self) -> bool:
        """Every token agrees in the end, nothing was apart that was not named, and half of the turns were answered in
        spite of it all."""
        closed = not any(side.apart_after for side in self.sides) and self.report.explained and not self.again
        answered = self.ends.get("completed", 0) >= self.turns / 2
        return closed and not self.unexplained and self.rebuilt_equal and answered


def provider_sums(ours: Installed) -> Sums:
    """(tenant, model) to calls and tokens, by the stand-in."""
    totals = httpx.get(f"{ours.bedrock_url}/control/totals", timeout=60).raise_for_status().json()
    return {(tenant, model): sums for tenant, models in totals["tenants"].items() for model, sums in models.items()}


def ledger_lines(ours: Installed) -> list[dict[str, Any]]:
    """All lines of all tenants, each with its tenant."""
    found = []
    for tenant, token in zip(ours.tenants, ours.tokens(len(ours.tenants), ["analyst"]), strict=True):
        with httpx.Client(base_url=ours.url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
            asked: dict[str, Any] = {"limit": 1000}
            while True:
                page = http.get("/v1/costs/lines", params=asked).raise_for_status().json()
                found += [{**line, "tenant": tenant} for line in page["lines"]]
                if page["next"] is None:
                    break
                asked["cursor"] = page["next"]
    return found


def ledger_sums(lines: list[dict[str, Any]]) -> Sums:
    """The same from our lines; embeddings under no tenant, as the provider sees them."""
    sums: Sums = defaultdict(lambda: dict.fromkeys(("calls", *KINDS), 0))
    for line in lines:
        tenant = "" if family_of(line["model"]) == "titan-embed" else line["tenant"]
        of = sums[tenant, line["model"]]
        of["calls"] += 1
        for kind in KINDS:
            of[kind] += line[kind]
    return sums


def apart(theirs: Sums, ours: Sums, key: tuple[str, str]) -> int:
    """By how many tokens, kind by kind."""
    return sum(abs(theirs.get(key, {}).get(kind, 0) - ours.get(key, {}).get(kind, 0)) for kind in KINDS)


def unexplained(ours: Installed, lines: list[dict[str, Any]], findings: list[Finding]) -> int:
    """How many calls of the stand-in's own list differ from our lines without being among the findings. Embeddings
    are left to the sums: their calls cannot be told apart."""
    calls = httpx.get(f"{ours.bedrock_url}/control/calls", timeout=60).raise_for_status().json()["calls"]
    theirs = {call["call_id"]: call for call in calls if call["call_id"]}
    mine = {line["call_id"]: line for line in lines if family_of(line["model"]) != "titan-embed"}
    named = {finding.call_id for finding in findings}
    none = dict.fromkeys(KINDS, 0)
    return sum(
        any(theirs.get(id, none)[kind] != mine.get(id, none)[kind] for kind in KINDS) and id not in named
        for id in theirs.keys() | mine.keys()
    )


def wait_until_quiet(ours: Installed, deadline_s: float = 180.0) -> None:
    """Until nothing runs any more: no new call and no new line for a while, and the costs have seen all."""
    deadline, seen, since = monotonic() + deadline_s, (-1, -1), monotonic()
    while monotonic() - since < QUIET_S:
        ours.wait_for_costs(120)
        calls = sum(sums["calls"] for sums in provider_sums(ours).values())
        if (state := (calls, len(ledger_lines(ours)))) != seen:
            seen, since = state, monotonic()
        if monotonic() > deadline:
            raise RuntimeError("the installation does not come to rest")
        time.sleep(1)


async def reconcile(ours: Installed, since: datetime) -> tuple[Report, list[Finding]]:
    """As `colloquy reconcile` does; calls older than a few seconds are at rest here."""
    from api.cli.projections import installation
    from api.cli.reconcile import STAND_INS_LOGS
    from api.composition.reconcile_wiring import open_reconcile

    os.environ["COLLOQUY_DATA_DIR"] = str(ours.data_dir)
    act_for(EVERY)  # as the command does: it reads what all tenants were charged
    findings: list[Finding] = []
    async with open_reconcile(installation(), str(ours.data_dir / STAND_INS_LOGS)) as run:
        report = await run(since, now() + timedelta(seconds=1), found=findings.append, grace_s=5)
    return report, findings


def rebuilt_equal(ours: Installed) -> bool:
    """Whether the costs, built anew from the events with their corrections, are the live ones."""
    command = [sys.executable, "-m", "api.cli", "projections", "verify", "costs", "--data-dir", str(ours.data_dir)]
    return subprocess.run(command, capture_output=True, timeout=300, check=False).returncode == 0


def exercise(ours: Installed, turns: int, sockets: int, kills: int, since: datetime) -> Ledgers:
    """The load, the comparison, the reconciliation, and the comparison again."""
    order_faults(ours)
    load = Load(ours, turns, [turns * (n + 1) // (kills + 1) for n in range(kills)])
    asyncio.run(load.run(sockets))
    wait_until_quiet(ours)
    theirs, lines = provider_sums(ours), ledger_lines(ours)
    before = ledger_sums(lines)
    report, findings = asyncio.run(reconcile(ours, since))
    ours.wait_for_costs(120)
    after = ledger_sums(ledger_lines(ours))
    again, _ = asyncio.run(reconcile(ours, since))
    return Ledgers(
        turns=turns,
        ends=dict(sorted(load.ends.items())),
        kills=load.kills,
        sides=[
            LedgerSide(
                tenant=tenant or "(embeddings)",
                model=family_of(model),
                calls=theirs.get((tenant, model), {}).get("calls", 0),
                calls_ours=after.get((tenant, model), {}).get("calls", 0),
                tokens=sum(theirs.get((tenant, model), {}).get(kind, 0) for kind in KINDS),
                apart_before=apart(theirs, before, (tenant, model)),
                apart_after=apart(theirs, after, (tenant, model)),
            )
            for tenant, model in sorted(theirs.keys() | after.keys())
        ],
        report=report,
        differing=findings,
        unexplained=unexplained(ours, lines, findings),
        again=again.corrected + again.settled,
        rebuilt_equal=rebuilt_equal(ours),
    )


def run(turns: int = 1_000, sockets: int = 50, tenants: int = 4, kills: int = 3) -> Ledgers:
    """On an installation of its own."""
    since = now()
    with installed(
        tenants,
        DOCUMENTS,
        COLLOQUY_LEASE_S="3",
        COLLOQUY_FIRST_TOKEN_S="3",
        COLLOQUY_STREAM_IDLE_S="2",
        COLLOQUY_TURN_S="60",
    ) as ours:
        return exercise(ours, turns, sockets, kills, since)


def shown(outcome: Ledgers) -> str:
    """The outcome for people: sums, then every call that was apart, then the verdict."""
    from api.cli.reconcile import line_of, summary_of

    ends = ", ".join(f"{count} {end}" for end, count in outcome.ends.items())
    parts = [
        f"{outcome.turns} turns ({ends}), the server killed {outcome.kills} times",
        table(outcome.sides),
        f"{len(outcome.differing)} calls were apart, {outcome.unexplained} of them not named by reconcile:",
        *(line_of(finding) for finding in outcome.differing),
        summary_of(outcome.report),
        f"a second run corrected {outcome.again}; rebuilt costs {'equal' if outcome.rebuilt_equal else 'DIFFER'}",
        "PASS" if outcome.passed else "FAIL",
    ]
    return "\n".join(parts)


@click.command()
@recordable
@click.option("--turns", default=1000, show_default=True)
@click.option("--sockets", default=50, show_default=True)
@click.option("--tenants", default=4, show_default=True)
@click.option("--kills", default=3, show_default=True, help="How often the API process is killed with -9 meanwhile.")
def ledger(turns: int, sockets: int, tenants: int, kills: int) -> None:
    """Turns with faults, cancels and kills: our ledger beside the provider's count, then reconciled.

    Example: colloquy bench ledger --turns 200 --kills 1
    """
    outcome = run(turns, sockets, tenants, kills)
    click.echo(shown(outcome))
    tokens = sum(side.tokens for side in outcome.sides)
    keep(
        {
            "tokens apart before": sum(side.apart_before for side in outcome.sides) / tokens,
            "tokens apart after": sum(side.apart_after for side in outcome.sides) / tokens,
        }
    )
    if not outcome.passed:
        raise click.exceptions.Exit(1)
