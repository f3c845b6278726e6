"""`colloquy token`: tokens made on this machine with the installation's keys; nothing needs to run for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from api.cli.main import with_data_dir
from api.settings import Settings, read_settings
from application.ports.people.tokens import TokenIssuer
from domain.access import PLATFORM_TENANT, ROLES
from domain.ids import is_id

ASK_S = 5.0
IDS_A_QUESTION = 200


class ListedOptions(click.Command):
    """A command whose repeatable options take several values at once as well: `--tenant A B`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`--tenant A B` is read as `--tenant A --tenant B`."""
        names = {name for option in self.params if getattr(option, "multiple", False) for name in option.opts}
        return super().parse_args(ctx, repeat(args, names))


def repeat(args: Sequence[str], names: set[str]) -> list[str]:
    """Put an option's name before each further value that follows it."""
    found: list[str] = []
    current, values = "", 0
    for arg in args:
        if arg.startswith("-"):
            current, values = arg, 0
        elif current in names:
            values += 1
            if values > 1:
                found.append(current)
        found.append(arg)
    return found


@click.group()
@with_data_dir
def token() -> None:
    """Tokens, which say who somebody is.

    Example: colloquy token issue --tenant 0197... --user ada --role member
    """


@token.command(cls=ListedOptions)
@with_data_dir
@click.option("--tenant", "tenants", multiple=True, required=True, help="A tenant's id; may be given several times.")
@click.option("--user", required=True, help="The user's name.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be given several.")
@click.option("--group", "groups", multiple=True, help="What an assistant may be limited to; may be given several.")
@click.option("--ttl", type=click.IntRange(min=1), help="Seconds that it is good for; capped (15 minutes by default).")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a token.")
def issue(
    tenants: tuple[str, ...], user: str, roles: tuple[str, ...], groups: tuple[str, ...], ttl: int | None, as_json: bool
) -> None:
    """Issue a token for each tenant.

    Example: colloquy token issue --tenant 0197... --user ada --role member editor --ttl 600 --json
    """
    from api.composition.token_wiring import token_issuer

    settings = read_settings()
    issuer = token_issuer(settings)
    check_tenants(settings, issuer, tenants)
    for tenant in tenants:
        ttl_s = ttl or settings.token_ttl_s
        made = issuer.issue(tenant=tenant, user=user, roles=roles, ttl_s=ttl_s, groups=groups)
        shown: dict[str, Any] = msgspec.structs.asdict(made)
        shown["expires_at"] = datetime.fromtimestamp(made.expires_at, UTC).isoformat().replace("+00:00", "Z")
        sys.stdout.write((msgspec.json.encode(shown).decode() if as_json else made.token) + "\n")


def check_tenants(settings: Settings, issuer: TokenIssuer, tenants: Sequence[str]) -> None:
    """RuntimeError names a tenant that there is not. While nothing runs, nobody can tell."""
    from infra.local.endpoints import read_installation

    asked = sorted(set(tenants) - {PLATFORM_TENANT})
    url = os.environ.get("COLLOQUY_URL") or read_installation(settings.data_path).get("url")
    if not asked or not url:
        return
    for id in asked:
        if not is_id(id):
            raise RuntimeError(unknown(id))
    made = issuer.issue(tenant=PLATFORM_TENANT, user="cli", roles=["operator"], ttl_s=60)
    for first in range(0, len(asked), IDS_A_QUESTION):
        ids = asked[first : first + IDS_A_QUESTION]
        known = known_tenants(str(url), made.token, ids)
        for id in ids:
            if known is not None and id not in known:
                raise RuntimeError(unknown(id))


def known_tenants(url: str, bearer: str, ids: Sequence[str]) -> set[str] | None:
    """Those of some tenants that there are; None when the installation does not say."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ASK_S)
    try:
        connection.request("GET", f"/v1/tenants?ids={','.join(ids)}", headers={"Authorization": f"Bearer {bearer}"})
        answer = connection.getresponse()
        if answer.status != 200:
            return None
        return {row["tenant_id"] for row in msgspec.json.decode(answer.read())["tenants"]}
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def unknown(tenant: str) -> str:
    """What is said of a tenant that there is not."""
    return f"there is no tenant {tenant[:60]}; `colloquy tenant list` shows those there are"


@token.command()
@with_data_dir
def rotate() -> None:
    """Use fresh keys from now on; tokens made with the ones before stay good until they expire.

    Example: colloquy token rotate
    """
    from api.composition.token_wiring import rotate_token_keys

    rotate_token_keys(read_settings())
    click.echo("fresh keys are in use; the ones before them are still accepted", err=True)


@token.command("rotate-keys")
@with_data_dir
@click.option("--kubernetes-secret", help="Rotate the keys in this Secret of the cluster that the command runs in.")
def rotate_keys(kubernetes_secret: str | None) -> None:
    """Sign with fresh keys from now on; tokens of the keys before stay good until the next rotation. Where there are no
    keys yet, these are the first.

    Example: COLLOQUY_KEYS_FILE=keys.json colloquy token rotate-keys
    """
    from api.composition.token_wiring import rotate_cluster_keys, rotate_token_keys

    if kubernetes_secret:
        rotate_cluster_keys(kubernetes_secret)
    else:
        rotate_token_keys(read_settings())
    click.echo("rotated: running processes take the new keys within a second of seeing the file")
