"""`colloquy bench redaction`: our own sentences, then those of others."""

from __future__ import annotations

import asyncio

import click

from infra.bench.redaction import benchmark, foreign_benchmark
from infra.bench.results import keep, recordable


@click.command()
@recordable
@click.option("--sentences", default=2_000, show_default=True)
@click.option("--seed", default=7, show_default=True)
def redaction(sentences: int, seed: int) -> None:
    """Recall and F2 for each kind of private value, beside Presidio where it is installed, and the cost of a delta.

    Example: colloquy bench redaction --seed 8
    """
    lines, ratios = asyncio.run(benchmark.run("measure", sentences, seed))
    click.echo("\n".join(lines))
    lines, more = asyncio.run(foreign_benchmark.run(seed=seed))
    click.echo("\n".join(lines))
    keep(ratios | more)
