"""A user is erased: sessions, files, incidents, keys of programs and browsers, and last the way back to the name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from application.erasure.receipts import Receipt, Receipts
from application.erasure.take_away import TakeAway
from application.ports.facts.event_store import StreamCatalogue
from application.ports.people.console_sign_ins import ConsoleSignIns
from application.ports.tenants.tenants import Tenants
from application.revocations import Revocations
from application.tenants.revoke_api_key import RevokeApiKeyHandler
from application.users import Users
from domain.access import Principal, is_pseudonym
from domain.erasures import Reason
from domain.event import Envelope, StreamId
from domain.session.events import SessionOpened

USER_ERASED = "user_erased"


@dataclass(frozen=True, slots=True)
class EraseUser:
    """What is the tenant's own stays: documents, datasets, what anything cost. In envelopes and ledgers the user is a
    pseudonym from now on that leads nowhere."""

    catalogue: StreamCatalogue
    take_away: TakeAway
    tenants: Tenants
    revoke_api_key: RevokeApiKeyHandler
    console: ConsoleSignIns
    users: Users
    revocations: Revocations
    receipts: Receipts

    async def __call__(self, admin: Principal, user: str, reason: Reason = "asked") -> Receipt:
        """Erase a user, told by name or by pseudonym; done again it finishes what was cut off, and somebody who was
        never here leaves an empty receipt. `TurnInProgress` when a turn of theirs goes on in another process."""
        tenant = admin.tenant
        pseudonym = await self.users.pseudonym(tenant, user)
        name = await self.users.name(tenant, pseudonym) if is_pseudonym(user) else user
        theirs = {pseudonym, name}
        await self.revocations.revoke_user(tenant, pseudonym)
        taken = {
            "api_keys": await self._keys(admin, pseudonym),
            "sign_ins": 0 if is_pseudonym(name) else await self.console.end_all(tenant, name),
            "sessions": await self.take_away.sessions(
                tenant, await self._of(tenant, "session", theirs), admin.user, USER_ERASED
            ),
            "files": await self.take_away.delete_files(
                tenant, await self._of(tenant, "file", theirs), admin.user, USER_ERASED
            ),
            "incidents": await self.take_away.incidents(tenant, await self._of(tenant, "incident", theirs)),
        }
        await self.users.forget(tenant, pseudonym)
        return await self.receipts(tenant, "user", pseudonym, taken, by=admin.user, reason=reason)

    async def _keys(self, admin: Principal, user: str) -> int:
        known = (await self.tenants.settings(admin.tenant)).api_keys.values()
        own = [key.key_id for key in known if key.user == user]
        for key_id in own:
            await self.revoke_api_key(admin, key_id)
        return len(own)

    async def _of(self, tenant: str, kind: str, users: Collection[str]) -> list[str]:
        return [
            StreamId.parse(first.stream).id
            async for firsts in self.catalogue.begun(tenant, kind)
            for first in firsts
            if owner_of(first) in users
        ]


def owner_of(first: Envelope) -> str:
    """Whose stream it is, by its first fact."""
    return first.event.user if isinstance(first.event, SessionOpened) else first.actor
