"""Users as they are stored: by pseudonyms, keyed hashes that tell nothing without their tenant's key."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from application.ports.facts.keys import Sealer
from application.ports.people.user_names import UserNames
from application.tasks import TaskSet
from application.unsealing import unseal_if_whole
from domain.access import Identity, Principal, is_pseudonym
from domain.refusals import NotFound, Refusal

BYTES = 16
SEEN = 50_000
TENANTS_AT_ONCE = 2
"""Tenants whose names a process stores at a time: nobody waits for them, so they must not take the database from who
does."""
MOST_TOGETHER = 200
"""Names of a tenant that are stored together."""
MOST_WAITING = 20_000
"""Names that wait to be stored. One beyond them is stored when it is seen again."""
CONTEXT = "user.name.1"
log = structlog.get_logger()


class Shredder(Protocol):
    """Destroys a stream's key (`KeyShredder.shred`)."""

    async def shred(self, stream: str) -> None:
        """See the event store's port."""
        ...


class NameKeeper:
    """Stores names behind their bearers' backs: many of a tenant together, a few tenants at a time."""

    def __init__(self, sealer: Sealer, rows: UserNames) -> None:
        self._sealer, self._rows = sealer, rows
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._tasks = TaskSet("user_name")
        self._waiting: dict[str, dict[str, str]] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(TENANTS_AT_ONCE)

    async def kept(self, tenant: str) -> None:
        """Return when no name of the tenant is being stored."""
        if keeping := self._keeping.get(tenant):
            await asyncio.gather(keeping, return_exceptions=True)

    def remember(self, tenant: str, user: str, name: str) -> None:
        """Have a name kept the first time it is seen here."""
        if (tenant, user) in self._seen:
            self._seen.move_to_end((tenant, user))
            return
        if sum(map(len, self._waiting.values())) >= MOST_WAITING:
            return
        self._seen[tenant, user] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        self._waiting.setdefault(tenant, {})[user] = name
        if tenant not in self._keeping:
            self._keeping[tenant] = self._tasks.start(self._keep(tenant))

    async def _keep(self, tenant: str) -> None:
        """Store what waits of a tenant, and what comes meanwhile."""
        try:
            async with self._places:
                while waiting := list(self._waiting.pop(tenant, {}).items()):
                    for first in range(0, len(waiting), MOST_TOGETHER):
                        await self._store(tenant, dict(waiting[first : first + MOST_TOGETHER]))
        finally:
            del self._keeping[tenant]

    async def _store(self, tenant: str, names: dict[str, str]) -> None:
        try:
            known = await self._rows.fetch(tenant, names)
            new = {user: name for user, name in names.items() if user not in known}
            await self._sealer.make_keys([_stream(tenant, user) for user in new])
            sealed = {user: await _sealed(self._sealer, tenant, user, name) for user, name in new.items()}
            if whole := {user: name for user, name in sealed.items() if name is not None}:
                await self._rows.keep(tenant, whole)
        except Exception as error:
            for user in names:
                self._seen.pop((tenant, user), None)
            if not isinstance(error, Refusal):
                raise
            log.warning("user_names_not_kept", code=error.code, names=len(names))

    async def close(self) -> None:
        """Let what is under way end."""
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)


@dataclass(eq=False)
class Users:
    """Pseudonyms, and the way back for those who may know: as long as the user's row and key are there."""

    sealer: Sealer
    rows: UserNames
    store: Shredder
    _keeper: NameKeeper = field(init=False)

    def __post_init__(self) -> None:
        self._keeper = NameKeeper(self.sealer, self.rows)

    async def principal(self, identity: Identity) -> Principal:
        """Who is calling, by pseudonym; the name is kept behind the caller's back the first time it is seen here. In a
        tenant that has no key nothing can be stored: there a user is nobody, another one each time."""
        try:
            user = await self.known(identity.tenant, identity.name)
        except NotFound:
            user = _spelled(secrets.token_bytes(BYTES))
        return Principal(
            tenant=identity.tenant,
            user=user,
            roles=identity.roles,
            expires_at=identity.expires_at,
            token_id=identity.token_id,
            name=identity.name,
            issued_at=identity.issued_at,
            groups=identity.groups,
        )

    async def known(self, tenant: str, name: str) -> str:
        """The pseudonym of somebody who acts in the tenant under this name, which is kept."""
        user = await self.pseudonym(tenant, name)
        self._keeper.remember(tenant, user, name)
        return user

    async def pseudonym(self, tenant: str, user: str) -> str:
        """That of a user of the tenant by name; one that is a pseudonym already (or nobody) stays. Without a round trip
        when the tenant's key is at hand. NotFound when the tenant has none."""
        if not user or is_pseudonym(user):
            return user
        return _spelled((await self.sealer.digest(tenant, b"\0user\0" + user.encode()))[:BYTES])

    async def in_facts(self, tenant: str, user: str) -> str:
        """The pseudonym of whom a fact names; empty when the tenant is gone, and whoever was named in its facts with
        it."""
        try:
            return await self.pseudonym(tenant, user)
        except NotFound:
            return ""

    async def names(self, tenant: str, users: Iterable[str]) -> dict[str, str]:
        """The names of these users as far as they are known, by whatever they are stored as."""
        stored = set(users)
        asked = [user for user in stored if is_pseudonym(user)]
        names = {user: user for user in stored}
        if not asked:
            return names
        await self._keeper.kept(tenant)
        found = await self.rows.fetch(tenant, asked)
        await self.sealer.unlock([_stream(tenant, user) for user in found])
        for user, sealed in found.items():
            plain = await unseal_if_whole(self.sealer, _stream(tenant, user), sealed, CONTEXT)
            if plain is not None:
                names[user] = plain.decode()
        return names

    async def name(self, tenant: str, user: str) -> str:
        """That of one user."""
        return (await self.names(tenant, [user]))[user]

    async def is_forgotten(self, tenant: str, user: str) -> bool:
        """Whether a user was erased: whoever comes back under that name stays without one."""
        return await _sealed(self.sealer, tenant, user, "") is None

    async def forget(self, tenant: str, user: str) -> None:
        """Erase the way back from a pseudonym, for good: the name cannot be kept again."""
        await self.rows.remove(tenant, user)
        await self.store.shred(_stream(tenant, user))

    async def close(self) -> None:
        """Let what is under way end."""
        await self._keeper.close()


async def hashed_client_id(sealer: Sealer, stream: str, client_id: str) -> str:
    """A client's own id as it is stored for good: a keyed hash, another one in each session."""
    tenant = stream.partition("/")[0]
    return (await sealer.digest(tenant, f"\0client id\0{stream}\0{client_id}".encode()))[:BYTES].hex()


def _spelled(hash: bytes) -> str:
    return "~" + base64.b32encode(hash).decode().rstrip("=").lower()


def _stream(tenant: str, user: str) -> str:
    """Whose key seals the name; there are no facts in it."""
    return f"{tenant}/user/{user}"


async def _sealed(sealer: Sealer, tenant: str, user: str, name: str) -> bytes | None:
    try:
        return await sealer.seal(_stream(tenant, user), name.encode(), CONTEXT)
    except NotFound:
        return None  # erased: whoever comes back stays without a name
