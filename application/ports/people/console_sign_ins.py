"""Signing in to the console: links that are good once, and the sessions of browsers that they begin."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from domain.access import Identity


class ConsoleSignIns(Protocol):
    """Where links and browsers' sessions are kept. A secret is 43 characters of base64url (256 random bits); whoever
    reads the store cannot use what it holds. Every method raises `DependencyUnavailable` when the store cannot say."""

    async def make_link(self, identity: Identity, ttl_s: int) -> str:
        """The secret of a new link that signs `identity` in, once, within `ttl_s` seconds."""
        ...

    async def redeem_link(self, secret: str) -> Identity | None:
        """Whom it signs in; None when it is unknown, used or too old. Of two at once one gets it."""
        ...

    async def begin(self, identity: Identity) -> str:
        """The secret of a new session that ends at `identity.expires_at` at the latest. Its `token_id`, whatever was
        given, is one by which `ended` knows it."""
        ...

    async def find(self, secret: str) -> Identity | None:
        """Whose session it is; None when there is none, or no more."""
        ...

    async def end(self, secret: str) -> None:
        """There is no such session any more."""
        ...

    async def end_all(self, tenant: str, name: str) -> int:
        """There are no sessions of this user any more; how many there were."""
        ...

    async def ended(self, token_ids: Collection[str]) -> set[str]:
        """Those of sessions that are no more, by whichever process; ids of other credentials are none of them."""
        ...
