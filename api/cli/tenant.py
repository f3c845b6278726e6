"""`colloquy tenant`: create and list tenants of the running installation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from api.cli.main import with_data_dir
from domain.access import PLATFORM_TENANT


@click.group()
@with_data_dir
def tenant() -> None:
    """Tenants: organisations that share nothing with each other.

    Example: colloquy tenant create "Acme Ltd"
    """


@tenant.command()
@with_data_dir
@click.argument("names", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a tenant.")
def create(names: tuple[str, ...], as_json: bool) -> None:
    """Create a tenant for each of NAMES.

    Example: colloquy tenant create "Acme Ltd" Globex --json
    """
    from api.cli.connection import checked, connect

    with connect(PLATFORM_TENANT, ["operator"]) as client:
        for name in names:
            _show(checked(client.post("/v1/tenants", json={"name": name})), as_json)


@tenant.command(name="list")
@with_data_dir
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a tenant.")
def show_all(as_json: bool) -> None:
    """List the tenants in order of creation.

    Example: colloquy tenant list --json
    """
    for found in _pages():
        _show(found, as_json)


def _pages() -> Iterator[dict[str, Any]]:
    from api.cli.connection import checked, connect

    with connect(PLATFORM_TENANT, ["operator"]) as client:
        query: dict[str, Any] = {"limit": 1000}
        while True:
            page = checked(client.get("/v1/tenants", params=query))
            yield from page["tenants"]
            if page["next"] is None:
                return
            query["cursor"] = page["next"]


def _show(found: dict[str, Any], as_json: bool) -> None:
    shown = {"tenant_id": found["tenant_id"], "name": found["name"]}
    click.echo(json.dumps(shown) if as_json else f"{shown['tenant_id']}  {shown['name']}")
