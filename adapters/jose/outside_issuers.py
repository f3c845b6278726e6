"""Which outside issuers an installation trusts, for which tenants, and what their claims mean here: a file of JSON."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from domain.access import PLATFORM_TENANT, ROLES
from domain.ids import is_id

DAY_S = 86_400
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class BadIssuers(ValueError):
    """The file of issuers says something that cannot be."""


class OutsideIssuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One issuer. Its people belong to one `tenant`, or to that which `tenants` names for the value of `tenant_claim`.

    `audience` is that of access tokens for this API; without it the issuer's tokens open none. With a `client_id`
    people sign in to the console there (`client_secret` where the provider gave one). A claim's name with dots goes
    into objects: `realm_access.roles`. `roles` says which role a value of `roles_claim` means; without it the values
    are roles themselves. `default_roles` has everybody. `user_prefix` keeps the users of issuers with a tenant in
    common apart. Tokens that live longer than `max_ttl_s` are refused."""

    name: str
    issuer: str
    title: str = ""
    audience: str = ""
    tenant: str = ""
    tenant_claim: str = ""
    tenants: dict[str, str] = {}
    user_claim: str = "sub"
    user_prefix: str = ""
    roles_claim: str = "roles"
    roles: dict[str, str] = {}
    default_roles: tuple[str, ...] = ()
    groups_claim: str = "groups"
    client_id: str = ""
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    max_ttl_s: int = DAY_S

    @property
    def all_tenants(self) -> frozenset[str]:
        """Those that its people may belong to."""
        return frozenset({self.tenant} if self.tenant else self.tenants.values())


def read_issuers(path: Path) -> list[OutsideIssuer]:
    """The issuers of a file; BadIssuers says what of it cannot be, OSError that it cannot be read."""
    try:
        issuers = msgspec.json.decode(path.read_bytes(), type=list[OutsideIssuer])
    except msgspec.MsgspecError as error:
        raise BadIssuers(f"{path}: {error}") from None
    check_issuers(issuers)
    return issuers


def check_issuers(issuers: Sequence[OutsideIssuer]) -> None:
    """BadIssuers names the first that cannot be. No two may speak for the same user: what an issuer calls `sub` is its
    own affair, and another's user of that name is somebody else."""
    for one in issuers:
        _check(one)
    for one, other in combinations(issuers, 2):
        if one.name == other.name or one.issuer == other.issuer:
            raise BadIssuers(f"{one.name}: an issuer, and its name, stand once")
        prefixes = (one.user_prefix, other.user_prefix)
        apart = not (prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0]))
        if one.all_tenants & other.all_tenants and not apart:
            raise BadIssuers(f"{one.name}, {other.name}: with a tenant in common each needs a user_prefix of its own")


def _check(one: OutsideIssuer) -> None:
    if not _NAME.fullmatch(one.name):
        raise BadIssuers(f"{one.name}: a name is 1 to 32 small letters, digits and dashes")
    if not is_safe_url(one.issuer):
        raise BadIssuers(f"{one.name}: issuer: an https address without a query (http to this machine alone)")
    if bool(one.tenant) == bool(one.tenant_claim and one.tenants):
        raise BadIssuers(f"{one.name}: either tenant, or tenant_claim and tenants")
    if not all(is_id(tenant) or tenant == PLATFORM_TENANT for tenant in one.all_tenants):
        raise BadIssuers(f"{one.name}: tenants are ids of tenants")
    if not {*one.roles.values(), *one.default_roles} <= set(ROLES):
        raise BadIssuers(f"{one.name}: roles are {', '.join(ROLES)}")
    if not (one.audience or one.client_id):
        raise BadIssuers(f"{one.name}: an audience for tokens, a client_id for the console, or both")
    if one.client_id and "openid" not in one.scopes:
        raise BadIssuers(f"{one.name}: scopes hold openid")
    if one.max_ttl_s <= 0:
        raise BadIssuers(f"{one.name}: max_ttl_s is more than 0")


def is_safe_url(url: str) -> bool:
    """Whether a provider may be asked there: by https, or on this very machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None or parts.fragment or "\\" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
