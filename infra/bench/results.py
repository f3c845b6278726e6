"""Results of benchmarks, kept as lines of JSON beside the commit they are of: ratios, for those can be compared."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from application.clock import now

RESULTS = Path(__file__).with_name("results.jsonl")
OTHERS = (":(top)", f":(top,exclude)infra/bench/{RESULTS.name}")  # what is recorded does not change what is measured
RECORD = "colloquy.bench.record"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One run: which benchmark, of which commit (`+changes` where the tree had some), when (UTC), and its ratios."""

    bench: str
    commit: str
    at: str
    ratios: dict[str, float]


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """How one ratio of one benchmark went, in the order of the runs."""

    bench: str
    ratio: str
    commits: tuple[str, ...]
    values: tuple[float, ...]


def commit_of(folder: Path) -> str:
    """The commit of a checkout, short; `unknown` outside of one."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return done.stdout.strip()

    try:
        return git("rev-parse", "--short=10", "HEAD") + (
            "+changes" if git("status", "--porcelain", "--", *OTHERS) else ""
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def append(path: Path, bench: str, ratios: Mapping[str, float]) -> Result:
    """Add a run to the file, whole or not at all."""
    at, rounded = now().isoformat(timespec="seconds"), {name: round(value, 4) for name, value in ratios.items()}
    result = Result(bench=bench, commit=commit_of(path.parent), at=at, ratios=rounded)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(result) + b"\n")
    return result


def read(path: Path) -> list[Result]:
    """All runs of the file, in order; ValueError names the line that is none."""
    found = []
    for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else (), 1):
        try:
            found.append(msgspec.json.decode(line, type=Result))
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return found


def trends(results: Sequence[Result], only: Sequence[str] = ()) -> list[Trend]:
    """A trend for each ratio of each benchmark (of those named, or of all)."""
    lines: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for result in results:
        if not only or result.bench in only:
            for name, value in result.ratios.items():
                lines.setdefault((result.bench, name), []).append((result.commit, value))
    return [
        Trend(bench=bench, ratio=name, commits=tuple(c for c, _ in points), values=tuple(v for _, v in points))
        for (bench, name), points in sorted(lines.items())
    ]


def recordable(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the flag `--record`; `keep` does nothing without it."""

    def remember(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.meta[RECORD] = value

    said = f"Append commit, date and ratios to {RESULTS.parent.name}/{RESULTS.name}."
    return click.option("--record", is_flag=True, expose_value=False, callback=remember, help=said)(command)


def keep(ratios: Mapping[str, float], path: Path = RESULTS) -> None:
    """Record the running command's ratios, if its caller asked for it."""
    context = click.get_current_context()
    if context.meta.get(RECORD):
        result = append(path, str(context.info_name), ratios)
        click.echo(f"recorded for {result.commit}", err=True)
