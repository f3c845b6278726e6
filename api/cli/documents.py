"""`colloquy documents`: bring files into a tenant's corpus, have them read again, list them, say who may read them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import click

from api.cli.main import with_data_dir
from application.clock import monotonic

SHOWN = 20
Command = TypeVar("Command", bound=Callable[..., Any])


def acting(command: Command) -> Command:
    """Whom a command acts as: somebody who may read the collections that it works on."""
    for option in (
        click.option("--group", "groups", multiple=True, help="With this group; may be given several."),
        click.option("--role", "roles", multiple=True, default=("editor",), help="With this role instead of editor."),
        click.option("--user", default="cli", show_default=True, help="As this user."),
    ):
        command = option(command)
    return command


@click.group()
@with_data_dir
def documents() -> None:
    """A tenant's documents.

    Example: colloquy documents add --tenant ID handbook/
    """


@documents.command()
@with_data_dir
@click.option("--tenant", required=True, help="Whose corpus they go to.")
@click.option("--collection", default="", help="The collection that they go into; in none if left out.")
@acting
@click.option("--json", "as_json", is_flag=True, help="A summary as one line of JSON.")
@click.argument("paths", nargs=-1, required=True)
def add(
    tenant: str, collection: str, paths: tuple[str, ...], as_json: bool, user: str, roles: Any, groups: Any
) -> None:
    """Add PATHS (files, whole folders, or - for standard input), and wait until they can be found. A file takes the
    place of the one that was added under the same name before.

    Example: colloquy documents add --tenant 0197... report.pdf handbook/
    """
    from api.cli.connection import connect
    from api.cli.uploading import files_of, upload_all, wait_until_read

    files, began = files_of(paths), monotonic()
    if not files:
        raise click.ClickException("there are no files in " + ", ".join(paths))
    with connect(tenant, roles, user, groups) as client, _progress(len(files)) as (sent, read):
        outcomes = []
        for outcome in upload_all(client, files, collection):
            outcomes.append(outcome)
            sent(1)
            if outcome.status != "pending":
                read(1)
        wait_until_read(client, outcomes, read)
    _tell(outcomes, monotonic() - began, as_json)


@documents.command()
@with_data_dir
@click.option("--tenant", required=True, help="Whose corpus.")
@click.option("--failed", is_flag=True, help="All that could not be read.")
@click.option("--all", "everything", is_flag=True, help="All documents: each is embedded, and paid for, again.")
@acting
@click.option("--json", "as_json", is_flag=True, help="A summary as one line of JSON.")
@click.argument("ids", nargs=-1)
def reindex(tenant: str, ids: tuple[str, ...], failed: bool, everything: bool, as_json: bool, **who: Any) -> None:
    """Read documents again (IDS, --failed or --all), as files are read now, and wait until they have been. What is
    found of them stays until then.

    Example: colloquy documents reindex --tenant 0197... --failed
    """
    from api.cli.connection import checked, connect
    from api.cli.uploading import UploadOutcome, wait_until_read
    from api.cli.uploading import documents as pages

    if not (ids or failed or everything):
        raise click.UsageError("name documents, or --failed, or --all")
    began = monotonic()
    with connect(tenant, who["roles"], who["user"], who["groups"]) as client:
        if not ids:
            ids = tuple(row["document_id"] for row in pages(client, **({} if everything else {"status": "failed"})))
        with _progress(len(ids)) as (sent, read):
            outcomes = []
            for id in ids:
                accepted = checked(client.post(f"/v1/documents/{id}/reindex"))
                outcomes.append(UploadOutcome(id, id, accepted["status"]))
                sent(1)
                if accepted["status"] != "pending":
                    read(1)
            wait_until_read(client, outcomes, read)
    _tell(outcomes, monotonic() - began, as_json)


@documents.command()
@with_data_dir
@click.option("--tenant", required=True, help="Whose documents.")
@click.option("--role", "roles", multiple=True, help="Who may read them: who has this role; may be given several.")
@click.option("--group", "groups", multiple=True, help="Who is in this group; may be given several.")
@click.option("--user", "users", multiple=True, help="This user; may be given several.")
@click.option("--description", default="", help="What is in it, for the step that chooses among collections.")
@click.option("--delete", is_flag=True, help="Take it away; it must hold no document.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.argument("name")
def collection(tenant: str, name: str, delete: bool, as_json: bool, **body: Any) -> None:
    """Define the collection NAME, whole: for all who may read documents where no role, group or user is named.

    Example: colloquy documents collection --tenant 0197... board --group directors --user ada
    """
    from api.cli.connection import checked, connect

    with connect(tenant, ["admin"]) as client:
        if delete:
            checked(client.delete(f"/v1/collections/{name}"))
            return
        defined = checked(client.put(f"/v1/collections/{name}", json=body))
    named = [f"{kind} {', '.join(defined[kind])}" for kind in ("roles", "groups", "users") if defined[kind]]
    click.echo(json.dumps(defined) if as_json else f"{name}: for {'; '.join(named) or 'all who may read documents'}")


@documents.command(name="list")
@with_data_dir
@click.option("--tenant", required=True, help="Whose corpus.")
@click.option("--status", type=click.Choice(["pending", "indexed", "failed"]), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a document.")
def show_all(tenant: str, status: str | None, as_json: bool) -> None:
    """List a tenant's documents, newest first.

    Example: colloquy documents list --tenant 0197... --status failed
    """
    from api.cli.connection import connect
    from api.cli.uploading import documents as pages

    with connect(tenant, ["editor"]) as client:
        for row in pages(client, **({"status": status} if status else {})):
            click.echo(json.dumps(row) if as_json else _line(row))


def _line(row: dict[str, Any]) -> str:
    """A document, how far it is, and what there is to say of it."""
    progress = row["progress"]
    far = f"{progress['stage']} {progress['done']} of {progress['total']}" if progress["total"] else progress["stage"]
    told = row["reason"] or (far if row["status"] == "pending" else f"{row['passages']} passages")
    more = [f"version {row['version']}"] if row["version"] > 1 else []
    more += [f"in {row['collection']}"] if row["collection"] else []
    said = "; ".join([told, *more, *row["warnings"]])
    return f"{row['document_id']}  {row['status']:8} {row['title']}  ({said})"


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[float], None], Callable[[float], None]]]:
    """Two bars on standard error, when somebody watches; to call with how many more were sent, and were read."""
    if not sys.stderr.isatty():
        yield (lambda _: None), (lambda _: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        sending, reading = bars.add_task("sent", total=total), bars.add_task("searchable", total=total)
        yield (lambda more: bars.advance(sending, more)), (lambda more: bars.advance(reading, more))


def _tell(outcomes: list[Any], seconds: float, as_json: bool) -> None:
    """How many can be found, and which failed and why; ends with 1 where any did."""
    import msgspec

    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    found = len({outcome.document_id for outcome in outcomes if outcome.status == "indexed"})
    if as_json:
        summary = {
            "files": len(outcomes),
            "documents": found,
            "failed": len(failed),
            "warned": len([outcome for outcome in outcomes if outcome.warnings]),
            "seconds": round(seconds, 3),
            "outcomes": msgspec.to_builtins(outcomes),
        }
        click.echo(json.dumps(summary))
    else:
        _tell_people(outcomes, found, failed, seconds)
    if failed:
        sys.exit(1)


def _tell_people(outcomes: list[Any], found: int, failed: list[Any], seconds: float) -> None:
    click.echo(f"{found} documents can be found, {len(failed)} of {len(outcomes)} files failed, in {seconds:.1f} s")
    partly = [outcome for outcome in outcomes if outcome.warnings and outcome.status == "indexed"]
    if partly:
        click.echo(f"{len(partly)} were not read whole:", err=True)
    _list(((outcome.file, " ".join(outcome.warnings)) for outcome in partly), len(partly))
    for reason, count in Counter(outcome.reason for outcome in failed).most_common():
        click.echo(f"  {reason}: {count}", err=True)
    _list(((outcome.file, outcome.detail or outcome.reason) for outcome in failed), len(failed))


def _list(lines: Iterator[tuple[str, str]], total: int) -> None:
    for file, said in islice(lines, SHOWN):
        click.echo(f"    {file}: {said}", err=True)
    if total > SHOWN:
        click.echo(f"    and {total - SHOWN} more (--json lists them all)", err=True)
