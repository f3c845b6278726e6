"""Which turn answered which conversation, for clients that send the whole of it each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

MOST_FOUND = 20


class KnownExchange(msgspec.Struct, frozen=True, kw_only=True):
    """A turn of a session, by its client's id, with the keyed hash of what was said up to its question (`chain`) and of
    everything that its answer hangs on (`request`). The turn need not have come about."""

    client_id: str
    session_id: str
    chain: bytes
    request: bytes


class KnownExchanges(Protocol):
    """Rows by client's id, each tenant's to itself. `DependencyUnavailable` while nobody can tell."""

    async def find(self, tenant: str, chains: Sequence[bytes]) -> list[KnownExchange]:
        """Those of any of these chains, newest first, `MOST_FOUND` at most."""
        ...

    async def forget(self, tenant: str, session_id: str) -> None:
        """Those of a session are known no more."""
        ...

    async def claim(self, tenant: str, exchange: KnownExchange) -> KnownExchange:
        """Make it known. What is returned is what is known under its client's id: this one, or one that was there."""
        ...
