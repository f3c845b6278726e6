"""`colloquy console`: a link that signs a browser in to the console, once, within ten minutes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from api.cli.main import with_data_dir
from api.cli.token import ListedOptions, check_tenants
from api.settings import Settings, read_settings
from domain.access import ROLES

ASK_S = 60
LINK_WITHIN_S = 10.0


@click.command(cls=ListedOptions)
@with_data_dir
@click.option("--tenant", required=True, help="The tenant's id; `_platform` for operators.")
@click.option("--user", required=True, help="The user's name.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be given several.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def console(tenant: str, user: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Print a link to the console: open it in a browser within ten minutes. It is good once.

    Example: colloquy console --tenant 0197... --user ada --role member analyst
    """
    from api.cli.connection import base_url
    from api.composition.token_wiring import token_issuer

    settings = read_settings()
    url = base_url(settings)
    check_tenants(settings, token_issuer(settings), [tenant])
    link = sign_in_link(settings, url, tenant, user, roles)
    click.echo(json.dumps({"url": link}) if as_json else link)


def sign_in_link(settings: Settings, url: str, tenant: str, user: str, roles: Sequence[str]) -> str:
    """A link to the installation at `url`; its secret is in the fragment, which browsers send to nobody."""
    import httpx

    from api.cli.connection import checked
    from api.composition.token_wiring import link_audience, token_issuer

    issuer = token_issuer(settings, link_audience(settings))
    made = issuer.issue(tenant=tenant, user=user, roles=roles, ttl_s=ASK_S)
    with httpx.Client(base_url=url, timeout=LINK_WITHIN_S) as http:
        answer = http.post("/console/links", headers={"Authorization": f"Bearer {made.token}"})
        return url + str(checked(answer)["path"])
