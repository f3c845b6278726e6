"""What an identity provider publishes of itself: where its pages are, and the keys that it signs with now."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
from jwcrypto.common import JWException, base64url_decode
from jwcrypto.jwk import JWK

from adapters.jose.outside_issuers import OutsideIssuer, is_safe_url
from domain.refusals import DependencyUnavailable

ANSWER_S = 5.0
MOST_BYTES = 512 * 1024
MOST_KEYS = 100
RSA_BITS = (2_048, 8_192)
"""Of keys that are believed: fewer can be broken, and more take too long to compute with."""


class ProviderMetadata(msgspec.Struct, frozen=True):
    """What of a provider's configuration is used (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] = ("S256",)
    authorization_response_iss_parameter_supported: bool = False


async def fetch_metadata(http: httpx.AsyncClient, issuer: OutsideIssuer) -> ProviderMetadata:
    """The configuration, which must be of this very issuer, and name only addresses that may be asked."""
    url = issuer.issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        found = msgspec.json.decode(await fetch(http, url), type=ProviderMetadata)
    except msgspec.MsgspecError as error:
        raise DependencyUnavailable(f"{issuer.name}: its configuration cannot be read: {error}") from None
    if found.issuer != issuer.issuer:
        raise DependencyUnavailable(f"{issuer.name}: its configuration is of another issuer")
    for address in (found.jwks_uri, found.authorization_endpoint, found.token_endpoint):
        if address and not is_safe_url(address):
            raise DependencyUnavailable(f"{issuer.name}: its configuration names an address that is not https")
    return found


async def fetch_keys(http: httpx.AsyncClient, metadata: ProviderMetadata) -> dict[tuple[str, str], JWK]:
    """The keys that sign, by algorithm and `kid`. What is no such key here is left out: others may use it."""
    try:
        listed = msgspec.json.decode(await fetch(http, metadata.jwks_uri))["keys"][:MOST_KEYS]
    except (msgspec.MsgspecError, KeyError, TypeError):
        raise DependencyUnavailable("the provider's keys cannot be read") from None
    keys = dict[tuple[str, str], JWK]()
    for one in listed:
        if (found := _signing_key(one)) is not None:
            keys.setdefault((found[0], one["kid"]), found[1])
    return keys


async def fetch(http: httpx.AsyncClient, url: str) -> bytes:
    """A document, without going where it sends us; `DependencyUnavailable` when it does not come."""
    return await answer_of(http, http.build_request("GET", url, headers={"accept": "application/json"}))


async def answer_of(
    http: httpx.AsyncClient, request: httpx.Request, *, refused: type[Exception] | None = None
) -> bytes:
    """The body of a good answer, bounded in time and size. `refused` is raised for one that says no (4xx)."""
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await http.send(request, stream=True, follow_redirects=False)
            try:
                if refused is not None and 400 <= answer.status_code < 500:
                    raise refused(f"the provider said {answer.status_code}")
                if answer.status_code != 200:
                    raise DependencyUnavailable(f"the identity provider answers with {answer.status_code}")
                return await _bounded(answer)
            finally:
                await answer.aclose()
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        raise DependencyUnavailable(f"the identity provider does not answer: {type(error).__name__}") from None


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise DependencyUnavailable("the identity provider's answer is too large")
    return bytes(body)


def _signing_key(one: Any) -> tuple[str, JWK] | None:
    """The algorithm and the public key; None for what signs nothing here."""
    if not isinstance(one, dict) or not isinstance(one.get("kid"), str) or one.get("use", "sig") != "sig":
        return None
    alg, names = {"RSA": ("RS256", ("n", "e")), "EC": ("ES256", ("crv", "x", "y"))}.get(one.get("kty", ""), ("", ()))
    if not alg or one.get("alg", alg) != alg or (alg == "ES256" and one.get("crv") != "P-256"):
        return None
    try:
        if alg == "RS256" and not RSA_BITS[0] <= int.from_bytes(base64url_decode(one["n"])).bit_length() <= RSA_BITS[1]:
            return None
        # Nothing but the public numbers: no address to load anything from comes in with a key.
        return alg, JWK(kty=one["kty"], **{name: one[name] for name in names})
    except (JWException, ValueError, TypeError, KeyError):
        return None
