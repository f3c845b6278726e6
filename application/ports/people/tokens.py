"""Tokens: how an identity is put into one, and what one is worth when it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain.access import Identity


class IssuedToken(msgspec.Struct, frozen=True):
    """A fresh token, whose it is, and until when it is good (Unix seconds)."""

    token: str
    tenant_id: str
    expires_at: int


class TokenIssuer(Protocol):
    """Makes tokens."""

    def issue(
        self, *, tenant: str, user: str, roles: Sequence[str], ttl_s: int, groups: Sequence[str] = ()
    ) -> IssuedToken:
        """A token for one user of one tenant, good for `ttl_s` seconds or the cap, whichever is less; ValueError
        when it could never be accepted."""
        ...


class TokenVerifier(Protocol):
    """Tells whose a token is."""

    def verify(self, token: str) -> Identity:
        """The identity, or `domain.refusals.Unauthorized` whose `detail` is the reason, for the log only."""
        ...
