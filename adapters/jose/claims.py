"""What the claims of an access token must be before anybody is believed to be somebody (RFC 8725, RFC 9068)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.jose.compact import BadToken
from domain.access import PLATFORM_TENANT, Identity, is_pseudonym
from domain.ids import is_id

LEEWAY_S = 30
MAX_ROLES = 16
MAX_GROUPS = 100
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """Who issues, for whom, and for how long (seconds) a token may be good."""

    issuer: str
    audience: str
    max_ttl_s: int


def identity_of(claims: dict[str, Any], rules: ClaimRules, now: float) -> Identity:
    """Whom the claims name, at `now` (Unix seconds); BadToken when nobody may be believed to be that."""
    if text(claims, "iss") != rules.issuer:
        raise BadToken("another issuer")
    if text(claims, "aud") != rules.audience:
        raise BadToken("another audience")
    _check_times(claims, rules, now)
    return Identity(
        tenant=tenant_id(text(claims, "tenant")),
        name=user_name(text(claims, "sub")),
        roles=_texts(claims, "roles", MAX_ROLES),
        expires_at=float(claims["exp"]),
        token_id=text(claims, "jti"),
        issued_at=float(claims["iat"]),
        groups=_texts(claims, "groups", MAX_GROUPS) if "groups" in claims else frozenset(),
    )


def tenant_id(value: str) -> str:
    """A tenant id: a UUID in its canonical form, or the platform's own."""
    if value != PLATFORM_TENANT and not is_id(value):
        raise BadToken("not a tenant id")
    return value


def user_name(value: str) -> str:
    """A user name: 1 to 200 printable characters that do not look like somebody's pseudonym."""
    if not value.isprintable() or is_pseudonym(value):
        raise BadToken("no name of a user")
    return value


def text(claims: dict[str, Any], name: str) -> str:
    """A claim that must be a string of 1 to 200 characters."""
    value = claims.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 200:
        raise BadToken(f"{name} is missing or no text")
    return value


def seconds(claims: dict[str, Any], name: str) -> int:
    """A claim that must be a time, in whole seconds since 1970."""
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:  # a bool is an int, too
        raise BadToken(f"{name} is missing or no time")
    return value


def _check_times(claims: dict[str, Any], rules: ClaimRules, now: float) -> None:
    issued, starts, ends = (seconds(claims, name) for name in ("iat", "nbf", "exp"))
    if not 0 < ends - issued <= rules.max_ttl_s:
        raise BadToken("good for too long, or never")
    if issued > now + LEEWAY_S or starts > now + LEEWAY_S:
        raise BadToken("from the future")
    if ends + LEEWAY_S <= now:
        raise BadToken("expired")


def _texts(claims: dict[str, Any], name: str, most: int) -> frozenset[str]:
    """A list of texts. A role unknown here grants nothing and harms nothing: during a deployment newer processes may
    know more."""
    found = claims.get(name)
    if not isinstance(found, list) or len(found) > most or not all(isinstance(one, str) for one in found):
        raise BadToken(f"{name} is missing or no list of text")
    return frozenset(found)
