"""`colloquy documents`: bring files into a tenant's corpus, and list what it holds."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import click

from api.cli.main import with_data_dir
from application.clock import monotonic

SHOWN = 20


@click.group()
@with_data_dir
def documents() -> None:
    """A tenant's documents.

    Example: colloquy documents add --tenant ID handbook/
    """


@documents.command()
@with_data_dir
@click.option("--tenant", required=True, help="Whose corpus they go to.")
@click.option("--json", "as_json", is_flag=True, help="A summary as one line of JSON.")
@click.argument("paths", nargs=-1, required=True)
def add(tenant: str, paths: tuple[str, ...], as_json: bool) -> None:
    """Add PATHS (files, whole folders, or - for standard input), and wait until they can be found.

    Example: colloquy documents add --tenant 0197... report.pdf handbook/
    """
    from api.cli.connection import connect
    from api.cli.uploading import files_of, upload_all, wait_until_read

    files, began = files_of(paths), monotonic()
    if not files:
        raise click.ClickException("there are no files in " + ", ".join(paths))
    with connect(tenant, ["editor"]) as client, _progress(len(files)) as (sent, read):
        outcomes = []
        for outcome in upload_all(client, files):
            outcomes.append(outcome)
            sent(1)
            if outcome.status != "pending":
                read(1)
        wait_until_read(client, outcomes, read)
    _tell(outcomes, monotonic() - began, as_json)
    if any(outcome.status == "failed" for outcome in outcomes):
        sys.exit(1)


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
            said = "; ".join([row["reason"] or f"{row['passages']} passages", *row["warnings"]])
            click.echo(
                json.dumps(row) if as_json else f"{row['document_id']}  {row['status']:8} {row['title']}  ({said})"
            )


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
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
    """How many can be found, and which failed and why."""
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
        return
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
