"""People whom outside identity providers vouch for: their tokens, and signing in at the provider's own page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain.access import Identity


class Provider(msgspec.Struct, frozen=True):
    """A provider that people may sign in at: its name in addresses, and what people call it."""

    name: str
    title: str


class SignInAttempt(msgspec.Struct, frozen=True):
    """What a browser that was sent to a provider must bring back, or know (RFC 7636, OpenID Connect Core 3.1)."""

    provider: str
    state: str
    nonce: str
    verifier: str


class OutsideIdentity(Protocol):
    """All providers that the installation trusts. Each method raises `Unauthorized` with a reason for the log where
    nobody is vouched for, and `DependencyUnavailable` where a provider does not answer and nothing is known of it."""

    @property
    def longest_s(self) -> float:
        """How long a token of any of them may live; 0 without providers."""
        ...

    async def verify(self, token: str) -> Identity:
        """Whom an access token of one of them names."""
        ...

    def offered(self) -> Sequence[Provider]:
        """Those that people may sign in at."""
        ...

    async def begin(self, provider: str, redirect_uri: str) -> tuple[SignInAttempt, str]:
        """A new attempt, and the address of the provider's page to send the browser to. `NotFound` when people cannot
        sign in at such a one."""
        ...

    async def finish(self, attempt: SignInAttempt, code: str, redirect_uri: str, issuer: str = "") -> Identity:
        """Whom the provider vouches for: `code` is what the browser brought back, `issuer` whom it said it is from."""
        ...
