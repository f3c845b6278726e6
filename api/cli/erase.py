"""`colloquy erase`: what a tenant, a user, a session or a document ever said is gone for good, with a receipt."""

from __future__ import annotations

import json
from typing import Any

import click

from api.cli.main import with_data_dir
from domain.access import PLATFORM_TENANT


@click.command()
@with_data_dir
@click.option("--tenant", required=True, help="Whose it is.")
@click.option("--session", help="The id of a session.")
@click.option("--user", help="A user, as tokens name them, with all that is theirs.")
@click.option("--document", help="The id of a document.")
@click.option("--everything", is_flag=True, help="The whole tenant.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def erase(
    tenant: str, session: str | None, user: str | None, document: str | None, everything: bool, as_json: bool
) -> None:
    """Erase one session, user or document of a tenant, or all of it. There is no way back.

    The keys are destroyed, so that neither a backup nor a log gives anything back. What it cost stays.

    Example: colloquy erase --tenant 0192d0f5-... --user ada@example.com --json
    """
    asked = {
        name: value for name, value in (("session_id", session), ("user", user), ("document_id", document)) if value
    }
    if len(asked) + everything != 1:
        raise click.UsageError("name exactly one of --session, --user, --document and --everything")
    receipt = _erased(tenant, asked)
    click.echo(json.dumps(receipt) if as_json else "\n".join(_words(receipt)))


def _erased(tenant: str, asked: dict[str, str]) -> dict[str, Any]:
    """The receipt. RuntimeError says what was wrong."""
    from api.cli.connection import checked, connect

    if asked:
        with connect(tenant, ["admin"]) as client:
            found: dict[str, Any] = checked(client.post("/v1/erasures", json=asked))
    else:
        with connect(PLATFORM_TENANT, ["operator"]) as client:
            found = checked(client.delete(f"/v1/tenants/{tenant}"))
    return found


def _words(receipt: dict[str, Any]) -> list[str]:
    taken = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in receipt["taken"].items() if count)
    final = (
        "The keys are destroyed: no copy gives anything back."
        if receipt["final"]
        else "The key service or the object store is away: copies give nothing back as soon as they are there again."
    )
    return [f"{receipt['what']} {receipt['subject']} is erased: {taken or 'there was nothing'}", final]
