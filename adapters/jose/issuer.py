"""Makes nested tokens: claims, signed, then encrypted."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence

from jwcrypto.jwe import JWE
from jwcrypto.jws import JWS

from adapters.jose.claims import ClaimRules, identity_of
from adapters.jose.compact import BadToken
from adapters.jose.key_file import KeyFile
from application.ports.people.tokens import IssuedToken


class JoseTokenIssuer:
    """Issues access tokens with the newest keys of the key file."""

    def __init__(self, keys: KeyFile, rules: ClaimRules) -> None:
        self._keys, self._rules = keys, rules

    def issue(
        self, *, tenant: str, user: str, roles: Sequence[str], ttl_s: int, groups: Sequence[str] = ()
    ) -> IssuedToken:
        """See `application.ports.people.tokens.TokenIssuer`."""
        now = int(time.time())
        expires_at = now + min(ttl_s, self._rules.max_ttl_s)
        claims = {
            "iss": self._rules.issuer,
            "aud": self._rules.audience,
            "sub": user,
            "tenant": tenant,
            "roles": sorted(set(roles)),
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "nbf": now,
            "exp": expires_at,
        }
        if groups:
            claims["groups"] = sorted(set(groups))
        try:
            identity_of(claims, self._rules, now)
        except BadToken as reason:
            raise ValueError(f"no token can be made for tenant {tenant!r}, user {user!r}: {reason}") from None
        return IssuedToken(self._seal(json.dumps(claims, separators=(",", ":"))), tenant, expires_at)

    def _seal(self, claims: str) -> str:
        keys = self._keys.keys()
        signing_id, signing_key = next(iter(keys.signing.items()))
        encryption_id, encryption_key = next(iter(keys.encryption.items()))
        signed = JWS(claims)
        signed.add_signature(signing_key, protected={"alg": "ES256", "kid": signing_id, "typ": "at+jwt"})
        sealed = JWE(
            signed.serialize(compact=True),
            protected={"alg": "dir", "enc": "A256GCM", "kid": encryption_id, "cty": "JWT"},
        )
        sealed.add_recipient(encryption_key)
        return str(sealed.serialize(compact=True))
