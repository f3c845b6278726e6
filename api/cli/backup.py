"""`colloquy backup` and `colloquy restore`: the database as one file, and beside the old one again, checked."""

from __future__ import annotations

import os
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
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option("--beside", required=True, help="The name of the new database, on the same server.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def restore(folder: Path, beside: str, as_json: bool) -> None:
    """Restore a backup beside what is there, and check it fact by fact against what was backed up.

    Then point COLLOQUY_DATABASE_URL at it and run `colloquy migrate`: what was erased since the backup stays erased.

    Example: colloquy restore /backups/2026-11-28 --beside colloquy_restored
    """
    from api.composition.backup_wiring import restore_database

    with_programs()
    done = restore_database(installation(), folder, beside)
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    else:
        click.echo(f"{done.facts} facts as of {done.made_at.isoformat()} in {done.database}, in {done.seconds} s")
