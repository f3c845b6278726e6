"""`colloquy projections ...`: how far the read models are, rebuilding one, comparing one with a fresh build."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
import msgspec

from api.cli.main import with_data_dir
from api.settings import Settings

T = TypeVar("T")
with_json = click.option("--json", "as_json", is_flag=True, help="One line of JSON.")


def installation() -> Settings:
    """The settings of the installation that runs on the data directory, or those of the environment."""
    import os

    from api.settings import read_settings
    from infra.local.endpoints import installation_environment

    for name, value in installation_environment(read_settings().data_path).items():
        os.environ.setdefault(name, value)
    settings = read_settings()
    if not settings.database_url and not settings.login_urls:
        raise RuntimeError(f"nothing is running on {settings.data_dir}: start it with `colloquy up`")
    return settings


def run(work: Callable[[Any, int], Awaitable[T]]) -> list[T]:
    """Do something with the read models of the installation, in each database that holds tenants: the second argument
    is the number of its first lane."""
    from api.composition.job_wiring import open_projecting
    from api.composition.lanes import databases_of
    from application.acting_tenant import EVERY, act_for

    async def main() -> list[T]:
        act_for(EVERY)
        done = []
        for number, one in enumerate(await databases_of(installation())):
            async with open_projecting(one, database=number) as projecting:
                done.append(await work(projecting, number * one.lanes))
        return done

    return asyncio.run(main())


def progress_bar(label: str) -> Callable[[int, int], None]:
    """A bar on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(label)
    bar.start()

    def show(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if done >= total:
            bar.stop()

    return show


@click.group()
@with_data_dir
def projections() -> None:
    """The read models: session_view, costs, audit.

    Example: colloquy projections status
    """


@projections.command()
@with_data_dir
@with_json
def status(as_json: bool) -> None:
    """How far behind each read model and the relay are.

    Example: colloquy projections status --json
    """
    from projections.lag import standings

    databases = run(lambda p, first: standings(p.pool, p.store, first))
    found = [standing for database in databases for standing in database]
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(standing) for standing in found]))
        return
    for s in found:
        click.echo(
            f"{s.name:<14} lane {s.lane}  position {s.position:>9}  behind {s.lag_events:>6} events"
            f" {s.lag_seconds:>7.1f} s  version {s.version}.{s.generation}  parked {s.parked}"
        )


@projections.command()
@with_data_dir
@click.argument("name")
@with_json
def rebuild(name: str, as_json: bool) -> None:
    """Build the read model NAME anew from the event store beside the old one, then switch.

    Example: colloquy projections rebuild costs
    """
    bar = progress_bar(f"rebuilding {name}")
    for generation in run(lambda p, _: p.rebuilder(name).rebuild(asyncio.Event(), bar)):
        shown = {"name": name, "generation": generation}
        click.echo(json.dumps(shown) if as_json else f"{name} is rebuilt and live (generation {generation})")


@projections.command()
@with_data_dir
@click.argument("name")
@with_json
def verify(name: str, as_json: bool) -> None:
    """Build the read model NAME anew from the event store and compare it with the live one, row by row.

    Example: colloquy projections verify costs
    """
    bar = progress_bar(f"verifying {name}")
    verdicts = run(lambda p, _: p.rebuilder(name).verify(asyncio.Event(), bar))
    for verdict in verdicts:
        if as_json:
            click.echo(json.dumps({**msgspec.structs.asdict(verdict), "equal": verdict.equal}))
        else:
            click.echo(f"{name}: the live rows {'equal' if verdict.equal else 'DIFFER FROM'} a fresh build")
    if not all(verdict.equal for verdict in verdicts):
        raise click.exceptions.Exit(1)
