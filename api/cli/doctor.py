"""`colloquy doctor`: looks at an installation's settings and parts, and says what would break and how to mend it."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import click
import msgspec

from api.cli.main import with_data_dir
from api.settings import read_settings

SIGNS = {"ok": "ok  ", "warn": "warn", "bad": "BAD "}


@click.command()
@with_data_dir
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> None:
    """Look at everything that the settings name; fails when something would break.

    Example: colloquy doctor
    """
    from api.composition.doctor import examine
    from application.acting_tenant import EVERY, act_for
    from infra.local.endpoints import installation_environment

    given = dict(os.environ)
    environment = installation_environment(read_settings().data_path) | given
    os.environ.update(environment)  # AWS's client reads it there
    act_for(EVERY)
    found = asyncio.run(examine(read_settings(environment), given))
    bad = [finding for finding in found if finding.verdict == "bad"]
    if as_json:
        click.echo(json.dumps({"ok": not bad, "findings": [msgspec.to_builtins(finding) for finding in found]}))
    else:
        for finding in found:
            mend = f" -> {finding.mend}" if finding.mend else ""
            click.echo(f"{SIGNS[finding.verdict]} {finding.part:<9} {finding.said}{mend}")
    if bad:
        sys.exit(1)
