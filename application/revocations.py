"""Whether credentials were taken back, told from memory: every revocation that still means something is held here."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from application.clock import now
from application.ports.people.revocations import Revocation, RevocationLog, ToldRevocation, name_hash, tenant_hash, told
from domain.access import Principal

LOOK_S = 2.0
"""News tells of a revocation at once; one whose news was lost is found after so long."""
OVERLAP = timedelta(seconds=30)
"""A row shows up when its transaction ends, which may be after later rows did."""
TENANT_UNTIL = timedelta(days=36_500)


def hashed_token_id(token_id: str) -> str:
    """What a token's id is known by where it is kept: ids of outside issuers may hold anything."""
    return hashlib.sha256(token_id.encode()).hexdigest()


@dataclass(eq=False)
class Revocations:
    """Asked with every request and, once a second, for every socket: it costs no round trip. `longest_s`: how long a
    credential may still live that was good a moment ago."""

    log: RevocationLog
    longest_s: float
    today: Callable[[], datetime] = now
    _held: dict[str, dict[str, ToldRevocation]] = field(default_factory=dict)
    _latest: datetime | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.log.on_news(self._news.set)

    def is_revoked(self, principal: Principal) -> bool:
        """Whether what they came with is good no more."""
        if not self._held:
            return False
        tenant = principal.tenant
        held = self._held.get(tenant_hash(tenant))
        if held is None:
            return False
        if self.is_closed(tenant) or name_hash(tenant, "token", hashed_token_id(principal.token_id)) in held:
            return True
        user = held.get(name_hash(tenant, "user", principal.user))
        return user is not None and principal.issued_at <= user.before.timestamp()

    def is_closed(self, tenant: str) -> bool:
        """Whether nobody of the tenant is let in."""
        found = self._held.get(tenant_hash(tenant), {}).get(name_hash(tenant, "tenant", ""))
        return found is not None and not found.lifted

    async def revoke_token(self, tenant: str, token_id: str) -> None:
        """Refuse one token."""
        await self._add(self._until_all_ended(tenant, "token", hashed_token_id(token_id)))

    async def revoke_user(self, tenant: str, user: str) -> None:
        """Refuse whatever a user (a pseudonym) holds by now; what is issued from here on is good."""
        await self._add(self._until_all_ended(tenant, "user", user))

    async def close_tenant(self, tenant: str, *, lifted: bool = False) -> None:
        """Refuse everybody of a tenant; `lifted`, let them in again."""
        until = self.today() + TENANT_UNTIL
        await self._add(Revocation(tenant=tenant, kind="tenant", before=self.today(), until=until, lifted=lifted))

    async def refresh(self) -> None:
        """Take in what others revoked, and drop what means nothing any more."""
        found, latest = await self.log.fetch(self._latest and self._latest - OVERLAP)
        self._latest = latest or self._latest
        for one in found:
            self._hold(one)
        today = self.today()
        left = {of: {key: one for key, one in held.items() if one.until > today} for of, held in self._held.items()}
        self._held = {of: held for of, held in left.items() if held}

    async def follow(self) -> None:
        """Refresh at the next news, or when it is time to look."""
        try:
            await asyncio.wait_for(self._news.wait(), LOOK_S)
        except TimeoutError:
            pass  # nothing was said, which may be because it was lost
        self._news.clear()
        await self.refresh()

    async def _add(self, revocation: Revocation) -> None:
        await self.log.add(revocation)
        self._hold(told(revocation))

    def _hold(self, one: ToldRevocation) -> None:
        self._held.setdefault(one.tenant, {})[one.name] = one

    def _until_all_ended(self, tenant: str, kind: Literal["token", "user"], name: str) -> Revocation:
        today = self.today()
        until = today + timedelta(seconds=self.longest_s)
        return Revocation(tenant=tenant, kind=kind, name=name, before=today, until=until)
