"""A forger who holds the installation's keys: every deviation from a good token, made to order."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from adapters.jose.key_file import TokenKeys

TENANT = "01977c9e-1111-7000-8000-000000000001"
LIBRARY_CAN = ["dir", "A256GCM", "A128GCM", "A256KW", "RSA-OAEP-256"]


class FromNow(NamedTuple):
    """A moment so many seconds after a token is made. A table of claims is made when its test is found, which may be
    many minutes before that runs."""

    seconds: float


def dated(claims: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The claims with the moments that they mean."""
    return {name: now + said.seconds if isinstance(said, FromNow) else said for name, said in claims.items()}


def good_claims(**changes: Any) -> dict[str, Any]:
    """Claims that would be accepted, with changes; `None` leaves a claim out."""
    now = int(time.time())
    claims = {
        "iss": "colloquy",
        "aud": "colloquy",
        "sub": "ada",
        "tenant": TENANT,
        "roles": ["member"],
        "jti": "j-1",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    } | dated(changes, now)
    return {name: value for name, value in claims.items() if value is not None}


class Forger:
    """Signs and encrypts whatever it is told."""

    def __init__(self, keys: TokenKeys) -> None:
        self.signing_id, self.signing_key = next(iter(keys.signing.items()))
        self.encryption_id, self.encryption_key = next(iter(keys.encryption.items()))

    def sign(self, claims: dict[str, Any] | str, *, key: JWK | None = None, **header: Any) -> str:
        """The inner token."""
        text = claims if isinstance(claims, str) else json.dumps(claims)
        protected = _without_none({"alg": "ES256", "kid": self.signing_id, "typ": "at+jwt"} | header)
        signed = JWS(text.encode("utf-8", "surrogatepass"))
        signed.allowed_algs = ["ES256", "HS256"]
        signed.add_signature(key or self.signing_key, alg=protected["alg"], protected=json.dumps(protected))
        return str(signed.serialize(compact=True))

    def seal(self, inner: str | bytes, *, key: JWK | None = None, **header: Any) -> str:
        """The outer token."""
        protected = _without_none({"alg": "dir", "enc": "A256GCM", "kid": self.encryption_id, "cty": "JWT"} | header)
        sealed = JWE(inner, protected=json.dumps(protected), algs=LIBRARY_CAN)
        sealed.add_recipient(key or self.encryption_key)
        return str(sealed.serialize(compact=True))

    def token(self, **changes: Any) -> str:
        """A token whose claims are changed."""
        return self.seal(self.sign(good_claims(**changes)))

    def raw(self, claims: str) -> str:
        """A token whose claims are this text."""
        return self.seal(self.sign(claims))


def unsigned(claims: dict[str, Any]) -> str:
    """`alg: none` (RFC 8725, section 2.1)."""
    return f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(claims)}."


def part(value: Any) -> str:
    """A JSON value as a part of a compact token."""
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _without_none(header: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if value is not None}
