"""Tells whose a nested token is: spelling, headers, keys and claims must all agree, checked in that order."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jws import JWS

from adapters.jose.claims import ClaimRules, identity_of
from adapters.jose.compact import MAX_TOKEN_CHARS, BadToken, decode, parse_object, split
from adapters.jose.key_file import KeyFile, TokenKeys
from application.bounded_cache import BoundedCache
from domain.access import Identity
from domain.refusals import Unauthorized

IV_CHARS, TAG_CHARS = 16, 22  # 96 and 128 bits in base64url
KEPT = 10_000
KEPT_BYTES = 16 * 1024 * 1024


class UnknownKey(BadToken):
    """No key of this id is here, or not yet."""


class JoseTokenVerifier:
    """Verifies access tokens against the live keys of the key file.

    A token comes with every request of its holder. What it says under a set of keys never changes, so it is opened
    once; whether what it says is believed now is asked each time."""

    def __init__(self, keys: KeyFile, rules: ClaimRules, clock: Callable[[], float] = time.time) -> None:
        self._keys, self._rules, self._clock = keys, rules, clock
        self._opened: BoundedCache[bytes, tuple[TokenKeys, dict[str, Any]]] = BoundedCache(items=KEPT, size=KEPT_BYTES)

    def verify(self, token: str) -> Identity:
        """See `application.ports.people.tokens.TokenVerifier`."""
        try:
            return identity_of(self._claims(token), self._rules, self._clock())
        except BadToken as reason:
            raise Unauthorized(str(reason)) from None
        except (JWException, ValueError, TypeError, OverflowError, KeyError) as error:
            # What the library says holds its trial of keys: only the kind of error is kept.
            raise Unauthorized(type(error).__name__) from None

    def _claims(self, token: str) -> dict[str, Any]:
        keys = self._keys.keys()
        name = hashlib.sha256(token.encode()).digest()  # the token itself is not kept, for it could be used
        known = self._opened.get(name)
        if known and known[0] is keys:
            return known[1]
        try:
            claims = self._open(token, keys)
        except UnknownKey:
            # Another process has the newest keys a moment earlier: its tokens must not be refused meanwhile.
            if (newer := self._keys.keys(at_once=True)) is keys:
                raise
            keys, claims = newer, self._open(token, newer)
        self._opened.put(name, (keys, claims), 2 * len(token))
        return claims

    def _open(self, token: str, keys: TokenKeys) -> dict[str, Any]:
        return parse_object(self._verified(self._decrypt(token, keys), keys))

    def _decrypt(self, token: str, keys: TokenKeys) -> str:
        header, encrypted_key, iv, _, tag = split(token, 5)
        if encrypted_key or len(iv) != IV_CHARS or len(tag) != TAG_CHARS:
            raise BadToken("not a direct A256GCM token")
        kid = _check_header(header, {"alg": "dir", "enc": "A256GCM", "cty": "JWT"})
        key = keys.encryption.get(kid)
        if key is None:
            raise UnknownKey("unknown encryption key")
        sealed = JWE(algs=["dir", "A256GCM"])
        sealed.deserialize(token)
        sealed.decrypt(key, max_plaintext=MAX_TOKEN_CHARS)
        return str(sealed.plaintext.decode("ascii"))

    def _verified(self, inner: str, keys: TokenKeys) -> bytes:
        header, _, _ = split(inner, 3)
        kid = _check_header(header, {"alg": "ES256", "typ": "at+jwt"})
        key = keys.signing.get(kid)
        if key is None:
            raise UnknownKey("unknown signing key")
        signed = JWS()
        signed.allowed_algs = ["ES256"]
        signed.deserialize(inner)
        signed.verify(key, alg="ES256")
        return bytes(signed.payload)


def _check_header(part: str, expected: dict[str, str]) -> str:
    """The `kid` of a header that holds exactly `expected` and a `kid`: no `zip`, `jku`, `jwk`, `x5u`, `crit`, `epk`."""
    header = parse_object(decode(part))
    kid = header.pop("kid", None)
    if header != expected or not isinstance(kid, str):
        raise BadToken("unexpected header")
    return kid
