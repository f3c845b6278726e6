"""`colloquy backup` and `colloquy restore`: the database as one file, and beside the old one again, checked."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import click
import msgspec

from api.cli.main import with_data_dir
from api.cli.projections import installation


def with_programs() -> None:
    """PostgreSQL's programs of the local stack, where it is installed, before those of the machine, which may be of an
    older version than the server: they would refuse it."""
    from infra.local.postgres import programs

    folder = programs()
    if folder is not None:
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"


@click.command()
@with_data_dir
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path) -> None:
    """Write a backup of the database to FOLDER, as of one moment, while everything goes on.

    The bucket is not in it and belongs to it: sealed files, and the books of keys. So does the file of token keys.

    Example: colloquy backup /backups/2026-11-28
    """
    from api.composition.backup_wiring import back_up_database

    with_programs()
    made = back_up_database(installation(), folder)
    facts = sum(lane.facts for lane in made.lanes.values())
    click.echo(f"{facts} facts as of {made.made_at.isoformat()} in {folder}")


@click.command()
@with_data_dir
@click.argument("folder", required=False, type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option("--beside", help="The name of the new database, on the same server.")
@click.option("--drill", "practise", is_flag=True, help="Try it, say how long it takes, and take the copy away again.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def restore(folder: Path | None, beside: str | None, practise: bool, as_json: bool) -> None:
    """Restore a backup beside what is there, and check it fact by fact against what was backed up.

    Then point COLLOQUY_DATABASE_URL at it and run `colloquy migrate`: what was erased since the backup stays erased.

    With --drill all of that is done on a copy, its read models are built, its log and costs verified, and nothing of it
    stays; without FOLDER the backup is made for it. Recovery point and time are said, and it fails when the copy is not
    whole or holds what was erased.

    \b
    Example: colloquy restore /backups/2026-11-28 --beside colloquy_restored
             colloquy restore --drill
    """
    from api.composition.backup_wiring import restore_database

    with_programs()
    if practise:
        _drill(folder, as_json=as_json)
        return
    if folder is None or beside is None:
        raise click.UsageError("name the FOLDER of a backup and the new database (--beside), or ask for a --drill")
    done = restore_database(installation(), folder, beside)
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    else:
        click.echo(f"{done.facts} facts as of {done.made_at.isoformat()} in {done.database}, in {done.seconds} s")


def _drill(folder: Path | None, *, as_json: bool) -> None:
    """The drill, with a folder of its own where none is named."""
    from api.composition.restore_drill import drill

    settings = installation()
    with tempfile.TemporaryDirectory(prefix="colloquy-drill-") as own:
        done = asyncio.run(drill(settings, folder or Path(own), fresh=folder is None))
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    else:
        click.echo(f"{done.facts} facts as of {done.made_at.isoformat()}")
        click.echo(f"recovery point: {done.rpo_s} s, {done.facts_since} facts would be lost")
        click.echo(f"recovery time: {done.rto_s} s ({', '.join(f'{name} {s} s' for name, s in done.steps.items())})")
        click.echo(f"erased since: {done.erased_since} streams, {done.given_back} of them can be read in the copy")
        click.echo(f"log: {done.log_events} facts verified, {done.log_findings} findings")
        click.echo(f"read models: {', '.join(done.unlike) or 'none'} unlike their facts, {done.parked} sessions parked")
    if not done.passed:
        raise click.exceptions.Exit(1)
