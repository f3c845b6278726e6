"""`colloquy api-key`: keys for programs that know no tokens, such as OpenAI-compatible clients."""

from __future__ import annotations

import json

import click

from api.cli.main import with_data_dir

TENANT = click.option("--tenant", "tenant_id", required=True, help="The tenant's id.")
JSON = click.option("--json", "as_json", is_flag=True, help="One line of JSON a key.")


@click.group(name="api-key")
@with_data_dir
def api_key() -> None:
    """API keys: each acts as one user of one tenant, as a member.

    Example: colloquy api-key create --tenant 0197... --user ada --name "Ada's notebook"
    """


@api_key.command()
@with_data_dir
@TENANT
@click.option("--user", required=True, help="The user that it acts as.")
@click.option("--name", required=True, help="What it is called in the list.")
@JSON
def create(tenant_id: str, user: str, name: str, as_json: bool) -> None:
    """Make a key and print it: it is told this once and kept nowhere.

    Example: colloquy api-key create --tenant 0197... --user ada --name "Ada's notebook" --json
    """
    from api.cli.connection import checked, connect

    with connect(tenant_id, ["admin"]) as client:
        made = checked(client.post("/v1/api-keys", json={"name": name, "user": user}))
    click.echo(json.dumps(made) if as_json else made["key"])


@api_key.command(name="list")
@with_data_dir
@TENANT
@JSON
def show_all(tenant_id: str, as_json: bool) -> None:
    """List the tenant's keys by what they begin with.

    Example: colloquy api-key list --tenant 0197...
    """
    from api.cli.connection import checked, connect

    with connect(tenant_id, ["admin"]) as client:
        keys = checked(client.get("/v1/api-keys"))["keys"]
    for key in keys:
        used = key["last_used_at"] or "never used"
        line = f"{key['key_id']}  {key['prefix']}...  {key['user']}  {key['name']}  {used}"
        click.echo(json.dumps(key) if as_json else line)


@api_key.command()
@with_data_dir
@TENANT
@click.argument("key_id")
@JSON
def revoke(tenant_id: str, key_id: str, as_json: bool) -> None:
    """Take a key back: it opens nothing after five seconds at most.

    Example: colloquy api-key revoke --tenant 0197... 0198...
    """
    from api.cli.connection import checked, connect

    with connect(tenant_id, ["admin"]) as client:
        checked(client.delete(f"/v1/api-keys/{key_id}"))
    click.echo(json.dumps({"key_id": key_id, "revoked": True}) if as_json else "revoked")
