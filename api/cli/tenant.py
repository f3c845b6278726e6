"""`colloquy tenant`: create and list tenants of the running installation, and give one a login for its reports."""

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


@tenant.command(name="bi-login")
@with_data_dir
@click.argument("action", type=click.Choice(["create", "rotate", "drop"]))
@click.option("--tenant", "tenant_id", required=True, help="Whose costs it reads.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def bi_login(action: str, tenant_id: str, as_json: bool) -> None:
    """A read-only login to the tenant's costs, for tools that draw reports; `drop` ends it at once.

    The URL holds a password that is kept nowhere: `rotate` gives another. It reads the views bi.costs and
    bi.cost_hours, of which it sees this tenant's rows.

    Example: colloquy tenant bi-login create --tenant 0192d0f5-...
    """
    from api.cli.projections import installation
    from api.composition.bi_wiring import drop_login, put_login
    from domain.refusals import NotFound

    settings = installation()
    try:
        if action == "drop":
            dropped = drop_login(settings, tenant_id)
            click.echo(json.dumps({"dropped": dropped}) if as_json else "dropped" if dropped else "there was none")
        else:
            url = put_login(settings, tenant_id, rotate=action == "rotate")
            click.echo(json.dumps({"url": url}) if as_json else url)
    except NotFound as error:
        raise RuntimeError(f"there is no tenant {tenant_id}") from error


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
