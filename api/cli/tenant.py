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


@tenant.command()
@with_data_dir
@click.option("--tenant", "tenant_id", required=True, help="Who pays it.")
@click.option("--model", required=True, help="A model or a family (sonnet).")
@click.option(
    "--from", "since", required=True, help="RFC 3339: for calls that leave then or later; may lie in the past."
)
@click.option("--input", "input_", required=True, help="USD for a million tokens.")
@click.option("--output", required=True, help="USD for a million tokens.")
@click.option("--cache-read", help="USD for a million tokens (default: a tenth of the input).")
@click.option("--cache-write", help="USD for a million tokens (default: 1.25 times the input).")
@click.option("--cache-write-1h", help="USD for a million tokens (default: twice the input).")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def price(
    tenant_id: str,
    model: str,
    since: str,
    input_: str,
    output: str,
    as_json: bool,
    **cache: str | None,
) -> None:
    """A price of the tenant's own, from a date on: calls since then are corrected at once.

    Calls to come are charged as listed, and brought to this price by `colloquy reconcile`.

    Example: colloquy tenant price --tenant 0192d0f5-... --model sonnet --from 2026-11-01T00:00:00Z
    --input 2.4 --output 12
    """
    from api.cli.own_price import agree, amounts

    prices = amounts(input_, output, cache["cache_read"], cache["cache_write"], cache["cache_write_1h"])
    click.echo(agree(tenant_id, model, since, prices, as_json=as_json))


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
