"""`ConsoleSignIns` in memory."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection

import msgspec

from domain.access import Identity


class InMemoryConsoleSignIns:
    """See the port."""

    def __init__(self) -> None:
        self.links: dict[str, tuple[float, Identity]] = {}
        self.sessions: dict[str, Identity] = {}
        self.begun: list[str] = []

    async def make_link(self, identity: Identity, ttl_s: int) -> str:
        secret = secrets.token_urlsafe(32)
        self.links[secret] = (time.time() + ttl_s, identity)
        return secret

    async def redeem_link(self, secret: str) -> Identity | None:
        until, identity = self.links.pop(secret, (0.0, None))
        return identity if until > time.time() else None

    async def begin(self, identity: Identity) -> str:
        secret = secrets.token_urlsafe(32)
        self.sessions[secret] = msgspec.structs.replace(identity, token_id=f"console:{len(self.begun)}")
        self.begun.append(secret)
        return secret

    async def find(self, secret: str) -> Identity | None:
        identity = self.sessions.get(secret)
        return identity if identity and identity.expires_at > time.time() else None

    async def end(self, secret: str) -> None:
        self.sessions.pop(secret, None)

    async def end_all(self, tenant: str, name: str) -> int:
        theirs = [secret for secret, one in self.sessions.items() if (one.tenant, one.name) == (tenant, name)]
        for secret in theirs:
            del self.sessions[secret]
        return len(theirs)

    async def ended(self, token_ids: Collection[str]) -> set[str]:
        places = {f"console:{place}": secret for place, secret in enumerate(self.begun)}
        return {id for id in token_ids if id in places and places[id] not in self.sessions}
