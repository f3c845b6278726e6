"""Signed tokens of outside issuers: spelling, header, key and signature come before what they say (RFC 8725)."""

from __future__ import annotations

import hashlib
from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from adapters.jose.compact import BadToken, decode, parse_object, split
from adapters.jose.provider import KnownProvider
from application.bounded_cache import BoundedCache

ALGORITHMS = frozenset({"RS256", "ES256"})
FOREIGN_KEYS = frozenset({"jku", "jwk", "x5u", "x5c"})
"""Headers that say which key to believe: whoever forges a token would name theirs."""
UNREAD = frozenset({"crit", "b64", "zip", "enc"})
"""Headers that change what the rest means."""
ACCESS_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
ID_TYPES = frozenset({"", "jwt"})
KEPT = 10_000
KEPT_BYTES = 16 * 1024 * 1024


class SignedTokens:
    """Opens tokens. A signature is computed once for each token and key; what it says is judged each time."""

    def __init__(self) -> None:
        self._opened: BoundedCache[bytes, tuple[JWK, dict[str, Any]]] = BoundedCache(items=KEPT, size=KEPT_BYTES)

    def claimed_issuer(self, token: str) -> str:
        """Who a token says it is from: good for nothing but to find whose keys to ask."""
        issuer = parse_object(decode(split(token, 3)[1])).get("iss")
        if not isinstance(issuer, str):
            raise BadToken("iss is missing or no text")
        return issuer

    async def claims(self, token: str, provider: KnownProvider, types: frozenset[str]) -> dict[str, Any]:
        """What a provider signed in a token of one of these `types`."""
        alg, kid = _header(split(token, 3)[0], types)
        key = await provider.key(alg, kid)
        name = hashlib.sha256(token.encode()).digest()  # the token itself is not kept, for it could be used
        known = self._opened.get(name)
        if known and known[0] is key:
            return known[1]
        claims = parse_object(verified(token, alg, key))
        self._opened.put(name, (key, claims), 2 * len(token))
        return claims


def _header(part: str, types: frozenset[str]) -> tuple[str, str]:
    """The algorithm and the key's id. Other headers are let pass: providers add some of their own."""
    header = parse_object(decode(part))
    if found := (FOREIGN_KEYS | UNREAD) & header.keys():
        raise BadToken(f"unexpected header {min(found)}")
    alg, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "")
    if alg not in ALGORITHMS:
        raise BadToken("another algorithm")
    if not isinstance(kid, str) or not 1 <= len(kid) <= 200:
        raise BadToken("no kid")
    if not isinstance(kind, str) or kind.lower() not in types:
        raise BadToken("another kind of token")
    return str(alg), kid


def verified(token: str, alg: str, key: JWK) -> bytes:
    """What a token says, if this key has signed it by this algorithm; `BadToken` otherwise."""
    signed = JWS()
    signed.allowed_algs = [alg]
    try:
        signed.deserialize(token)
        signed.verify(key, alg=alg)
    except (JWException, ValueError, TypeError) as error:
        raise BadToken(type(error).__name__) from None
    return bytes(signed.payload)
