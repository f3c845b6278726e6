"""What the claims of an outside issuer's token must be, and who they mean here."""

from __future__ import annotations

import hashlib
from typing import Any

from adapters.jose.claims import LEEWAY_S, seconds, text, user_name
from adapters.jose.compact import BadToken
from adapters.jose.outside_issuers import OutsideIssuer
from domain.access import ROLES, Identity
from domain.tenant.service_accounts import SERVICE

MOST_VALUES = 500
"""Roles or groups in one claim."""
LONGEST_GROUP = 200
OF_ID_TOKENS = ("nonce", "at_hash", "c_hash", "s_hash")


def access_identity(claims: dict[str, Any], issuer: OutsideIssuer, token: str, now: float) -> Identity:
    """Whom an access token names. An ID token tells a client who somebody is, and opens nothing (RFC 8725, 3.12)."""
    if not issuer.audience or issuer.audience not in _audiences(claims):
        raise BadToken("another audience")
    if any(name in claims for name in OF_ID_TOKENS):
        raise BadToken("an ID token")
    return _identity(claims, issuer, token, now)


def signed_in_identity(claims: dict[str, Any], issuer: OutsideIssuer, token: str, nonce: str, now: float) -> Identity:
    """Whom an ID token names that our own attempt to sign in asked for (OpenID Connect Core 1.0, 3.1.3.7)."""
    audiences = _audiences(claims)
    if issuer.client_id not in audiences:
        raise BadToken("for another client")
    if claims.get("azp", None if len(audiences) > 1 else issuer.client_id) != issuer.client_id:
        raise BadToken("for another party")
    if not nonce or claims.get("nonce") != nonce:
        raise BadToken("another nonce")
    return _identity(claims, issuer, token, now)


def _identity(claims: dict[str, Any], issuer: OutsideIssuer, token: str, now: float) -> Identity:
    if claims.get("iss") != issuer.issuer:
        raise BadToken("another issuer")
    issued, ends = _times(claims, issuer, now)
    # Without an id of its own a token is known by its bytes: so it can be taken back all the same.
    token_id = text(claims, "jti") if "jti" in claims else "sha256:" + hashlib.sha256(token.encode()).hexdigest()
    return Identity(
        tenant=_tenant(claims, issuer),
        name=_user(claims, issuer),
        roles=_roles(claims, issuer),
        expires_at=float(ends),
        token_id=token_id,
        issued_at=float(issued),
        groups=frozenset(one for one in _values(claims, issuer.groups_claim) if len(one) <= LONGEST_GROUP),
    )


def _times(claims: dict[str, Any], issuer: OutsideIssuer, now: float) -> tuple[int, int]:
    issued, ends = seconds(claims, "iat"), seconds(claims, "exp")
    starts = seconds(claims, "nbf") if "nbf" in claims else issued
    if not 0 < ends - issued <= issuer.max_ttl_s:
        raise BadToken("good for too long, or never")
    if issued > now + LEEWAY_S or starts > now + LEEWAY_S:
        raise BadToken("from the future")
    if ends + LEEWAY_S <= now:
        raise BadToken("expired")
    return issued, ends


def _audiences(claims: dict[str, Any]) -> list[str]:
    found = claims.get("aud")
    audiences = [found] if isinstance(found, str) else found
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
        raise BadToken("aud is missing or no text")
    return audiences


def _tenant(claims: dict[str, Any], issuer: OutsideIssuer) -> str:
    if issuer.tenant:
        return issuer.tenant
    value = _claim(claims, issuer.tenant_claim)
    tenant = issuer.tenants.get(value) if isinstance(value, str) else None
    if tenant is None:
        raise BadToken("of no tenant here")
    return tenant


def _user(claims: dict[str, Any], issuer: OutsideIssuer) -> str:
    value = _claim(claims, issuer.user_claim)
    if not isinstance(value, str) or not value:
        raise BadToken("no name of a user")
    # Anybody may give an address that is somebody else's, until the provider has seen that mail arrives there.
    if issuer.user_claim == "email" and claims.get("email_verified") is not True:
        raise BadToken("an address that nobody verified")
    name = issuer.user_prefix + value
    if len(name) > 200 or name.startswith(SERVICE):
        raise BadToken("no name of a user")
    return user_name(name)


def _roles(claims: dict[str, Any], issuer: OutsideIssuer) -> frozenset[str]:
    """Only roles that there are: what else an issuer calls a role means nothing here."""
    values = _values(claims, issuer.roles_claim)
    meant = [issuer.roles.get(value, "") for value in values] if issuer.roles else values
    return frozenset({*meant, *issuer.default_roles} & set(ROLES))


def _values(claims: dict[str, Any], name: str) -> list[str]:
    """The texts of a claim that is a list of them, or a text with spaces between; none when it is not there."""
    found = _claim(claims, name)
    values = found.split() if isinstance(found, str) else found
    if values is None:
        return []
    if not isinstance(values, list) or len(values) > MOST_VALUES or not all(isinstance(one, str) for one in values):
        raise BadToken(f"{name} is no list of text")
    return values


def _claim(claims: dict[str, Any], name: str) -> Any:
    """A claim by its whole name (`https://acme.example/roles`), else by the way to it through objects."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
