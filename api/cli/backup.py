"""`colloquy backup` and `colloquy restore`: the database as one file, and beside the old one again, checked."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from datetime import datetime
from pathlib import Path

import click
import msgspec

from api.cli.main import with_data_dir
from api.cli.projections import installation

FOLDER: click.Path = click.Path(file_okay=False, path_type=Path, resolve_path=True)


def with_programs() -> None:
    """PostgreSQL's programs of the local stack, where it is installed, before those of the machine, which may be of an
    older version than the server: they would refuse it."""
    from infra.local.postgres import programs

    folder = programs()
    if folder is not None:
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"


@click.command()
@with_data_dir
@click.argument("folder", type=FOLDER)
@click.option("--follow", is_flag=True, help="Keep every change from now on, until told to stop: for any moment since.")
@click.option("--slot", default="colloquy_backup", show_default=True, help="With --follow: its name at the server.")
def backup(folder: Path, follow: bool, slot: str) -> None:
    """Write a backup of the database to FOLDER, as of one moment, while everything goes on.

    With --follow it is a copy of the whole server and its log of changes, written as it happens: `restore --to` brings
    a server beside to any moment of it. Started again it goes on where it was.

    The bucket is not in it and belongs to it: sealed files, and the books of keys. So does the file of token keys.

    \b
    Example: colloquy backup /backups/2026-11-28
             colloquy backup /backups/week-48 --follow
    """
    from api.composition.backup_wiring import back_up_databases

    with_programs()
    if follow:
        _follow(folder, slot)
    else:
        for made in back_up_databases(installation(), folder):
            facts = sum(lane.facts for lane in made.lanes.values())
            click.echo(f"{facts} facts as of {made.made_at.isoformat()} in {folder}")


def _follow(folder: Path, slot: str) -> None:
    """Until SIGTERM or SIGINT; a receiver that ends by itself is an error."""
    from api.composition.backup_wiring import archive_database

    with archive_database(installation(), folder, slot) as receiver:
        told = list[int]()

        def leave(number: int, _: object) -> None:
            told.append(number)
            receiver.terminate()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, leave)
        click.echo(f"every change from now on is in {folder}")
        if receiver.wait() and not told:
            raise RuntimeError("the log of changes could not be followed: see above; begun again it goes on from there")


@click.command()
@with_data_dir
@click.argument(
    "folder", required=False, type=click.Path(file_okay=False, exists=True, path_type=Path, resolve_path=True)
)
@click.option("--beside", help="The name of the new database, on the same server.")
@click.option("--to", "moment", help="RFC 3339, or `latest`: of a backup with --follow, a server as it was then.")
@click.option("--into", type=FOLDER, help="With --to: where that server's data goes.")
@click.option("--port", type=click.IntRange(1, 65535), help="With --to: the port of this machine that it listens on.")
@click.option("--drill", "practise", is_flag=True, help="Try it, say how long it takes, and take the copy away again.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def restore(
    folder: Path | None,
    beside: str | None,
    moment: str | None,
    into: Path | None,
    port: int | None,
    practise: bool,
    as_json: bool,
) -> None:
    """Restore a backup beside what is there, and check it fact by fact against what was backed up.

    Then point COLLOQUY_DATABASE_URL at it and run `colloquy migrate`: what was erased since the backup stays erased.

    With --drill all of that is done on a copy, its read models are built, its log and costs verified, and nothing of it
    stays; without FOLDER the backup is made for it. Recovery point and time are said, and it fails when the copy is not
    whole or holds what was erased.

    \b
    Example: colloquy restore /backups/2026-11-28 --beside colloquy_restored
             colloquy restore /backups/week-48 --to 2026-11-28T12:00:00Z --into /var/lib/restored --port 5433
             colloquy restore --drill
    """
    with_programs()
    if practise:
        if moment and folder is None:
            raise click.UsageError("name the FOLDER of a backup with --follow")
        _drill(folder, moment, port or 0, as_json=as_json)
    elif folder and moment and into and port:
        _to(folder, _moment(moment), into, port, as_json=as_json)
    elif folder and beside and not moment:
        _beside(folder, beside, as_json=as_json)
    else:
        raise click.UsageError(
            "name the FOLDER of a backup and the new database (--beside), or a moment (--to, --into, --port), or ask"
            " for a --drill"
        )


def _moment(text: str | None) -> datetime | None:
    """None: as far as the archive goes."""
    from api.http.request.paging import checked_range
    from domain.refusals import InvalidRange

    if text is None or text == "latest":
        return None
    try:
        return checked_range(text, text)[0]
    except InvalidRange as refused:
        raise click.UsageError(f"--to: {refused.detail}") from None


def _beside(folder: Path, name: str, *, as_json: bool) -> None:
    """A dump into a new database."""
    from api.composition.backup_wiring import restore_databases

    for done in restore_databases(installation(), folder, name):
        if as_json:
            click.echo(msgspec.json.encode(done).decode())
        else:
            click.echo(f"{done.facts} facts as of {done.made_at.isoformat()} in {done.database}, in {done.seconds} s")


def _to(folder: Path, moment: datetime | None, into: Path, port: int, *, as_json: bool) -> None:
    """A server of its own as it was at a moment, left running."""
    from api.composition.backup_wiring import bring_database_to

    done = bring_database_to(installation(), folder, moment, into, port)
    if as_json:
        click.echo(msgspec.json.encode({"facts": done.facts, "seconds": done.seconds, "port": port}).decode())
    else:
        click.echo(f"{done.facts} facts, in {done.seconds} s; it listens on 127.0.0.1:{port}, with the logins of then")
        click.echo(f"it ends by: pg_ctl --pgdata={into} stop")


def _drill(folder: Path | None, moment: str | None, port: int, *, as_json: bool) -> None:
    """The drill, with a folder of its own where none is named."""
    from api.composition.restore_drill import Dump, Followed, drill
    from infra.local.ports import held

    settings = installation()
    with tempfile.TemporaryDirectory(prefix="colloquy-drill-") as own, held(port) as taken:
        Path(own).chmod(0o711)  # who runs a server that root starts comes to its data
        backup = folder or Path(own)
        source = Followed(backup, _moment(moment), taken) if moment else Dump(backup, folder is None)
        done = asyncio.run(drill(settings, source, Path(own)))
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
