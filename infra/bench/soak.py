"""`colloquy bench soak`: people at work for as long as one likes; memory, files, tables, delays must stay flat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import click
import msgspec
import psycopg

from application.clock import monotonic
from infra.bench.harness.chat_load import Seen, ask, close_all, open_sockets, percentile
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.processes import private_bytes
from infra.bench.harness.table import table
from infra.local.endpoints import installation_environment

JOBS = ("api", "relay", "project", "ingest")
MIB = 1024 * 1024
REOPEN_S = 600.0
"""A socket is opened anew before its token is over."""
GROWING = ("public.events_", "public.stream_keys", "public.snapshots", "public.audit_", "projections.")
"""Tables of facts and of what is made of them, which grow with turns. No other does."""
FLAT = 1.25
"""By how much the last third may be above the middle one; the first is for what is loaded and warmed."""
WIDTH, HEIGHT, EDGE = 720, 160, 34
SIZES = """
SELECT n.nspname || '.' || c.relname, pg_total_relation_size(c.oid) FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN ('public', 'projections')"""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The installation at one moment, and the turns since the last: MiB and open files by process, bytes by table,
    first tokens in milliseconds."""

    at_s: float
    turns: int
    failed: int
    first_p50_ms: float
    first_p99_ms: float
    memory: dict[str, float]
    files: dict[str, int]
    tables: dict[str, int]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must stay flat: its middle third, its last, and what is between them."""

    what: str
    middle: float
    last: float
    ratio: float
    flat: bool


async def soak_run(ours: Installed, sockets: int, minutes: float, pause_s: float, every_s: float) -> list[Sample]:
    """Each socket asks, reads, thinks for `pause_s` and asks again."""
    over, seen = asyncio.Event(), list[Seen]()
    began = monotonic()
    clients = [asyncio.create_task(_person(ours, n, pause_s, over, seen)) for n in range(sockets)]
    samples: list[Sample] = []
    while monotonic() - began < minutes * 60:
        await asyncio.sleep(every_s)
        turns, seen[:] = list(seen), []
        samples.append(await asyncio.to_thread(_sample, ours, monotonic() - began, turns))
    over.set()
    await asyncio.gather(*clients)
    return samples


async def _person(ours: Installed, number: int, pause_s: float, over: asyncio.Event, seen: list[Seen]) -> None:
    """One user: the pauses of all are spread, so that they do not ask in step."""
    turn = 0
    await asyncio.sleep(pause_s * (number % 17) / 17)
    while not over.is_set():
        opened = monotonic()
        (socket,) = await open_sockets(ours.url.replace("http", "ws", 1) + "/v1/chat", ours.tokens(1, first=number))
        while not over.is_set() and monotonic() - opened < REOPEN_S:
            turn += 1
            seen.append(await ask(socket, f"{number}-{turn}", f"{QUESTION} ({number}-{turn})"))
            try:
                await asyncio.wait_for(over.wait(), pause_s)
            except TimeoutError:
                pass  # nobody ended it: the next question
        await close_all([socket])


def _sample(ours: Installed, at_s: float, turns: Sequence[Seen]) -> Sample:
    first = [one.first_token * 1000 for one in turns if not one.error]
    url = installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        sizes = {str(name): int(size) for name, size in connection.execute(SIZES)}
    pids = {job: int(pid[0] if isinstance(pid, list) else pid) for job, pid in ours.pids.items() if job in JOBS}
    return Sample(
        at_s=round(at_s, 1),
        turns=len(turns),
        failed=sum(1 for one in turns if one.error),
        first_p50_ms=percentile(first, 0.5),
        first_p99_ms=percentile(first, 0.99),
        memory={job: private_bytes(pid) / MIB for job, pid in pids.items()},
        files={job: len(list(Path(f"/proc/{pid}/fd").iterdir())) for job, pid in pids.items()},
        tables=sizes,
    )


def verdict(samples: Sequence[Sample]) -> list[Row]:
    """What must stay flat, by the means of the middle and the last third. A table is judged by what a turn adds to it:
    facts and what is made of them grow with turns, nothing grows without them."""
    third = max(1, len(samples) // 3)
    middle, last = samples[third : 2 * third] or samples[-1:], samples[-third:]

    def row(what: str, of: Any, slack: float) -> Row:
        a, b = (sum(of(one) for one in part) / len(part) for part in (middle, last))
        return Row(
            what=what,
            middle=round(a, 2),
            last=round(b, 2),
            ratio=round(b / a if a else 1.0, 3),
            flat=b <= a * FLAT + slack,
        )

    rows = [row(f"memory of {job}, MiB", lambda one, job=job: one.memory.get(job, 0.0), 8.0) for job in JOBS]
    rows += [row(f"open files of {job}", lambda one, job=job: float(one.files.get(job, 0)), 8.0) for job in JOBS]
    rows.append(row("first token, p50, ms", lambda one: one.first_p50_ms, 50.0))
    rows.append(row("first token, p99, ms", lambda one: one.first_p99_ms, 250.0))
    rows.append(row("all other tables, MiB", _others, 1.0))
    grown = [_growth(part) for part in (middle, last)]
    rows.append(
        Row(what="tables, bytes a turn", middle=grown[0], last=grown[1],
            ratio=round(grown[1] / grown[0] if grown[0] else 1.0, 3), flat=grown[1] <= grown[0] * FLAT + 2_000)
    )  # fmt: skip
    return rows


def _others(one: Sample) -> float:
    return sum(size for name, size in one.tables.items() if not name.startswith(GROWING)) / MIB


def _growth(part: Sequence[Sample]) -> float:
    turns = sum(one.turns for one in part[1:])
    grown = sum(part[-1].tables.values()) - sum(part[0].tables.values())
    return round(grown / turns, 1) if turns else 0.0


def report(samples: Sequence[Sample], rows: Sequence[Row], title: str) -> str:
    """A page with a picture for each thing: no script, nothing from elsewhere."""
    lines: dict[str, dict[str, list[float]]] = {
        "Memory of its own, MiB": {job: [one.memory.get(job, 0.0) for one in samples] for job in JOBS},
        "Open files": {job: [float(one.files.get(job, 0)) for one in samples] for job in JOBS},
        "First token, ms": {
            "p50": [one.first_p50_ms for one in samples],
            "p99": [one.first_p99_ms for one in samples],
        },
        "Turns": {
            "turns": [float(one.turns) for one in samples],
            "failed": [float(one.failed) for one in samples],
        },
    }
    largest = sorted(samples[-1].tables, key=lambda name: -samples[-1].tables[name])[:6]
    lines["The largest tables, MiB"] = {name: [one.tables.get(name, 0) / MIB for one in samples] for name in largest}
    pictures = [_picture(heading, samples, drawn) for heading, drawn in lines.items()]
    body = "".join(
        f"<tr><td>{escape(row.what)}</td><td>{row.middle}</td><td>{row.last}</td><td>{row.ratio}</td>"
        f"<td>{'flat' if row.flat else '<b>not flat</b>'}</td></tr>"
        for row in rows
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title>"
        "<style>body{font:15px system-ui;max-width:780px;margin:2em auto}td,th{padding:.2em .8em;text-align:right}"
        "td:first-child{text-align:left}</style>"
        f"<h1>{escape(title)}</h1><table><tr><th><th>middle<th>last<th>ratio<th></tr>{body}</table>{''.join(pictures)}"
    )


COLOURS = ("#1f6f8b", "#c8553d", "#588b3d", "#8a5aa8", "#b8860b", "#555")


def _picture(title: str, samples: Sequence[Sample], lines: dict[str, list[float]]) -> str:
    highest = max([1.0, *(value for values in lines.values() for value in values)])
    end = max(1.0, samples[-1].at_s)
    drawn = ""
    for colour, (name, values) in zip(COLOURS, lines.items(), strict=False):
        xs = (EDGE + one.at_s / end * (WIDTH - 2 * EDGE) for one in samples)
        ys = (HEIGHT - EDGE - value / highest * (HEIGHT - 2 * EDGE) for value in values)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        line = f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}">'
        drawn += f"{line}<title>{escape(name)}</title></polyline>"
    names = " ".join(f'<tspan fill="{c}">{escape(n)}</tspan>' for c, n in zip(COLOURS, lines, strict=False))
    return (
        f'<h2>{escape(title)}</h2><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<text x="{EDGE}" y="14" font-size="12">{names} (highest {highest:.1f}; {end / 60:.1f} minutes)</text>'
        f"{drawn}</svg>"
    )


@click.command()
@click.option("--minutes", default=30.0, show_default=True)
@click.option("--sockets", default=100, show_default=True)
@click.option("--pause", default=10.0, show_default=True, help="Seconds that a person reads and thinks between turns.")
@click.option("--report", "to", default="build/soak.html", show_default=True, help="Where the page with pictures goes.")
@click.option("--json", "as_json", is_flag=True)
def soak(minutes: float, sockets: int, pause: float, to: str, as_json: bool) -> None:
    """People at work: sockets that ask, read and ask again. Fails when a turn did, or what must be flat is not.

    Example: colloquy bench soak --minutes 30 --sockets 100
    """
    every_s = max(2.0, min(30.0, minutes * 60 / 60))
    with installed(4, DOCUMENTS) as ours:
        samples = asyncio.run(soak_run(ours, sockets, minutes, pause, every_s))
    rows = verdict(samples)
    path = Path(to)
    path.parent.mkdir(parents=True, exist_ok=True)
    turns, failed = sum(one.turns for one in samples), sum(one.failed for one in samples)
    path.write_text(report(samples, rows, f"{minutes:g} minutes, {sockets} sockets, {turns} turns, {failed} failed"))
    if as_json:
        click.echo(
            json.dumps({"turns": turns, "failed": failed, "rows": [msgspec.structs.asdict(row) for row in rows]})
        )
    else:
        click.echo(table(rows))
        click.echo(f"{turns} turns, {failed} failed; {path}")
    if failed or not all(row.flat for row in rows):
        raise click.exceptions.Exit(1)
