"""`ConsoleSignIns` in memory."""

from __future__ import annotations

import secrets
import time

from domain.access import Identity


class InMemoryConsoleSignIns:
    """See the port."""

    def __init__(self) -> None:
        self.links: dict[str, tuple[float, Identity]] = {}
        self.sessions: dict[str, Identity] = {}

    async def make_link(self, identity: Identity, ttl_s: int) -> str:
        secret = secrets.token_urlsafe(32)
        self.links[secret] = (time.time() + ttl_s, identity)
        return secret

    async def redeem_link(self, secret: str) -> Identity | None:
        until, identity = self.links.pop(secret, (0.0, None))
        return identity if until > time.time() else None

    async def begin(self, identity: Identity) -> str:
        secret = secrets.token_urlsafe(32)
        self.sessions[secret] = identity
        return secret

    async def find(self, secret: str) -> Identity | None:
        identity = self.sessions.get(secret)
        return identity if identity and identity.expires_at > time.time() else None

    async def end(self, secret: str) -> None:
        self.sessions.pop(secret, None)
