"""How the ratios of a benchmark went from commit to commit: as a table, and as a picture (SVG)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import click
import msgspec

from infra.bench.harness.table import table
from infra.bench.results import RESULTS, Trend, read, trends

BARS = "▁▂▃▄▅▆▇█"
SHOWN = 16
WIDTH, HEIGHT, EDGE = 720, 120, 28


class TrendRow(msgspec.Struct, frozen=True, kw_only=True):
    """A trend on one line: the first run, the one before the last, the last, and what the last changed."""

    bench: str
    ratio: str
    runs: int
    first: float
    before: float
    last: float
    change: str
    commit: str
    trend: str


def rows(trends: Sequence[Trend]) -> list[TrendRow]:
    """One row a trend."""
    return [
        TrendRow(
            bench=trend.bench,
            ratio=trend.ratio,
            runs=len(trend.values),
            first=trend.values[0],
            before=(before := trend.values[-2 if len(trend.values) > 1 else -1]),
            last=(last := trend.values[-1]),
            change=f"{last / before - 1:+.1%}" if before else "",
            commit=trend.commits[-1],
            trend=bars(trend.values[-SHOWN:]),
        )
        for trend in trends
    ]


def bars(values: Sequence[float]) -> str:
    """A bar a value, from the lowest to the highest of them."""
    return "".join(BARS[round(share * (len(BARS) - 1))] for share in _shares(values))


def svg(trends: Sequence[Trend]) -> str:
    """A panel a trend, one below the other: a point a run, with its commit and value where a pointer rests."""
    panels = "\n".join(_panel(trend, number * (HEIGHT + EDGE)) for number, trend in enumerate(trends))
    height = len(trends) * (HEIGHT + EDGE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n{panels}\n</svg>\n'
    )


def _panel(trend: Trend, top: int) -> str:
    across = (WIDTH - 2 * EDGE) / max(1, len(trend.values) - 1)
    places = [
        (EDGE + number * across, top + EDGE + (1 - share) * (HEIGHT - EDGE))
        for number, share in enumerate(_shares(trend.values))
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    points = "\n".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#2563eb"><title>{escape(commit)}: {value:g}</title></circle>'
        for (x, y), commit, value in zip(places, trend.commits, trend.values, strict=True)
    )
    lowest, highest = min(trend.values), max(trend.values)
    title = f"{trend.bench}: {trend.ratio}, {lowest:g} to {highest:g}, last {trend.values[-1]:g}"
    return (
        f'<text x="{EDGE}" y="{top + 18}">{escape(title)}</text>\n'
        f'<polyline points="{line}" fill="none" stroke="#2563eb" stroke-width="1.5"/>\n{points}'
    )


def _shares(values: Sequence[float]) -> list[float]:
    """Where each value lies between the lowest (0) and the highest (1); all alike lie in the middle."""
    lowest, highest = min(values), max(values)
    return [(value - lowest) / (highest - lowest) if highest > lowest else 0.5 for value in values]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--svg", "picture", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Draw it there.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), help="Another file of results.")
@click.option("--json", "as_json", is_flag=True)
def history(names: tuple[str, ...], picture: Path | None, results: Path, as_json: bool) -> None:
    """How the recorded ratios went from commit to commit: of the benchmarks NAMES, or of all.

    Example: colloquy bench history events --svg events.svg
    """
    found = trends(read(results), names)
    if not found:
        raise click.ClickException("Nothing is recorded: run a benchmark with --record.")
    if picture:
        picture.write_text(svg(found))
    click.echo(json.dumps(msgspec.to_builtins(found)) if as_json else table(rows(found)))
