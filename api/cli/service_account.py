"""`colloquy service-account`: identities of machines, each with roles and keys of its own."""

from __future__ import annotations

import json

import click

from api.cli.main import with_data_dir

TENANT = click.option("--tenant", "tenant_id", required=True, help="The tenant's id.")
JSON = click.option("--json", "as_json", is_flag=True, help="One line of JSON each.")
ROUTE = "/v1/service-accounts"


@click.group(name="service-account")
@with_data_dir
def service_account() -> None:
    """Machines: each acts as itself in one tenant, in the roles that it was given.

    Example: colloquy service-account create --tenant 0197... --name nightly-report --role analyst
    """


@service_account.command()
@with_data_dir
@TENANT
@click.option("--name", required=True, help="What the machine is called.")
@click.option(
    "--role", "roles", multiple=True, required=True, help="One of member, editor, analyst, auditor; repeatable."
)
@JSON
def create(tenant_id: str, name: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Let a machine in and print its key: it is told this once and kept nowhere.

    Example: colloquy service-account create --tenant 0197... --name nightly-report --role analyst --json
    """
    from api.cli.connection import checked, connect

    with connect(tenant_id, ["admin"]) as client:
        made = checked(client.post(ROUTE, json={"name": name, "roles": roles}))
    click.echo(json.dumps(made) if as_json else made["key"])


@service_account.command(name="list")
@with_data_dir
@TENANT
@JSON
def show_all(tenant_id: str, as_json: bool) -> None:
    """List the tenant's machines, their roles and the keys that are good.

    Example: colloquy service-account list --tenant 0197...
    """
    from api.cli.connection import checked, connect

    with connect(tenant_id, ["admin"]) as client:
        accounts = checked(client.get(ROUTE))["accounts"]
    for one in accounts:
        keys = ", ".join(f"{key['prefix']}... ({key['last_used_at'] or 'never used'})" for key in one["keys"])
        line = f"{one['account_id']}  {one['name']}  {' '.join(one['roles'])}  {keys}"
        click.echo(json.dumps(one) if as_json else line)


@service_account.command()
@with_data_dir
@TENANT
@click.option("--overlap", "overlap_s", default=3600.0, show_default=True, help="Seconds that older keys are good yet.")
@click.argument("account_id")
@JSON
def rotate(tenant_id: str, overlap_s: float, account_id: str, as_json: bool) -> None:
    """Give a machine another key and print it; those before it end after the overlap.

    Example: colloquy service-account rotate --tenant 0197... 0198... --overlap 600
    """
    from api.cli.connection import checked, connect

    with connect(tenant_id, ["admin"]) as client:
        made = checked(client.post(f"{ROUTE}/{account_id}/keys", json={"overlap_s": overlap_s}))
    click.echo(json.dumps(made) if as_json else made["key"])


@service_account.command()
@with_data_dir
@TENANT
@click.argument("account_id")
@JSON
def revoke(tenant_id: str, account_id: str, as_json: bool) -> None:
    """Take a machine back: none of its keys opens anything after five seconds at most.

    Example: colloquy service-account revoke --tenant 0197... 0198...
    """
    from api.cli.connection import checked, connect

    with connect(tenant_id, ["admin"]) as client:
        checked(client.delete(f"{ROUTE}/{account_id}"))
    click.echo(json.dumps({"account_id": account_id, "revoked": True}) if as_json else "revoked")
