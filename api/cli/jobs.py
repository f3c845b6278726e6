"""The single jobs of an installation, for replicas: each runs until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import click

from api.cli.main import with_data_dir
from api.settings import Settings, read_settings

BEHIND, AWAITED = 10, 5
"""Where they share a machine, answers go before what only has to be caught up; whoever adds a document waits for it.
Nobody is so far behind that the machine's share is less than the deadlines of its own calls need (ADR 0173)."""


def run_job(job: Callable[[Settings, asyncio.Event], Awaitable[None]], nice: int = BEHIND) -> None:
    """Run a job on a fresh loop; SIGTERM and SIGINT set its stop event."""
    import uvloop

    from api.telemetry.logging import configure_logging
    from application.acting_tenant import EVERY, act_for

    settings = read_settings()
    configure_logging(settings)
    give_way(nice)

    async def main() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        act_for(EVERY)
        await job(settings, stop)

    uvloop.run(main())


def give_way(nice: int) -> None:
    """Let whoever answers go first, where jobs share a machine with them."""
    os.nice(nice)
    # Linux weighs sessions, not processes, where it groups them (sched(7), "The autogroup feature").
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))


@click.command()
@with_data_dir
def serve() -> None:
    """The API server: HTTP and the chat socket.

    Example: COLLOQUY_PORT=8080 colloquy serve
    """
    from api.server.run import serve_forever

    serve_forever(read_settings())


@click.command()
@with_data_dir
def relay() -> None:
    """Publish the event store's log to NATS, in order. Any number may run; one a lane works.

    Example: colloquy relay
    """
    from api.composition.job_wiring import run_relay

    run_job(run_relay)


@click.command()
@with_data_dir
@click.argument("names", nargs=-1)
def project(names: tuple[str, ...]) -> None:
    """Keep the read models NAMES (default: all) up to date.

    Example: colloquy project costs audit
    """
    from api.composition.job_wiring import run_projections

    run_job(lambda settings, stop: run_projections(settings, stop, names))


@click.command()
@with_data_dir
def ingest() -> None:
    """Read documents that wait, and make them findable. Any number may run.

    Example: colloquy ingest
    """
    from api.composition.ingest_wiring import run_ingest

    run_job(run_ingest, AWAITED)


@click.command()
@with_data_dir
@click.option("--no-create", is_flag=True, help="Check that bucket, table and keys are there instead of making them.")
@click.option("--plan", "planned", is_flag=True, help="Say what it would lock and for how long, and change nothing.")
def migrate(no_create: bool, planned: bool) -> None:
    """Bring the database, the stream and the table to what this version needs.

    Example: COLLOQUY_DATABASE_URL=postgresql://... colloquy migrate --plan
    """
    from api.cli.projections import installation
    from api.composition.provision import planned_migration, provision_all

    if planned:
        for line in planned_migration(installation()):
            click.echo(line)
        return

    provision_all(read_settings(), create=not no_create)
    click.echo("up to date")
