"""Tickets: short-lived, used once, in place of a token where a browser cannot send a header."""

from __future__ import annotations

from typing import Protocol

from domain.access import Principal


class Tickets(Protocol):
    """Where tickets wait until they are used."""

    async def issue(self, principal: Principal, ttl_s: int) -> str:
        """A new ticket that stands for `principal`, good once within `ttl_s` seconds: 43 characters of base64url
        (256 random bits). `DependencyUnavailable` when tickets cannot be kept now."""
        ...

    async def redeem(self, ticket: str) -> Principal | None:
        """Whom it stands for; None when it is unknown, used or too old. Of two at once one gets it.
        `DependencyUnavailable` when that cannot be told now."""
        ...
