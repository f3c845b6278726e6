"""Links and sessions of the console in Valkey: sealed, under hashes, and gone when their time is over."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Any

import msgspec

from adapters.valkey.sealed_entries import SealedEntries, Secrets, name_of
from application.acting_tenant import acting_tenant
from domain.access import Identity

_TOKEN_ID = "console:"  # noqa: S105  # what begins the id of a session's credentials; a hash follows


class ValkeyConsoleSignIns:
    """See `application.ports.people.console_sign_ins.ConsoleSignIns`. Without Valkey nobody signs in, and nobody is
    signed in: a session that was ended must not come back by a store's being away."""

    def __init__(self, client: Any, installation: Secrets) -> None:
        self._links = SealedEntries(client, installation, "console_link", Identity)
        self._sessions = SealedEntries(client, installation, "console_session", Identity)

    async def make_link(self, identity: Identity, ttl_s: int) -> str:
        """See the port."""
        secret = secrets.token_urlsafe(32)
        await self._links.put(secret, identity, ttl_s)
        return secret

    async def redeem_link(self, secret: str) -> Identity | None:
        """See the port."""
        return await self._links.take(secret)

    async def begin(self, identity: Identity) -> str:
        """See the port."""
        secret = secrets.token_urlsafe(32)
        known = msgspec.structs.replace(identity, token_id=_TOKEN_ID + name_of(secret))
        left_s = identity.expires_at - time.time()
        await self._sessions.put(secret, known, left_s)
        await self._sessions.gather(_of(identity.tenant, identity.name), secret, left_s)
        return secret

    async def find(self, secret: str) -> Identity | None:
        """See the port."""
        identity = await self._sessions.find(secret)
        return identity if identity and identity.expires_at > time.time() else None

    async def end(self, secret: str) -> None:
        """See the port."""
        await self._sessions.drop(secret)

    async def end_all(self, tenant: str, name: str) -> int:
        """See the port."""
        return await self._sessions.drop_group(_of(acting_tenant(tenant), name))

    async def ended(self, token_ids: Collection[str]) -> set[str]:
        """See the port."""
        names = [id.removeprefix(_TOKEN_ID) for id in token_ids if id.startswith(_TOKEN_ID)]
        return {_TOKEN_ID + name for name in await self._sessions.missing(names)}


def _of(tenant: str, name: str) -> str:
    return f"{tenant}\0{name}"
