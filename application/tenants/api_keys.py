"""Tells who acts by a key, a user's or a machine's, from what is in memory of its tenant; notes when keys were used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hmac import compare_digest

from application.acting_tenant import acting_for
from application.bounded_cache import BoundedCache
from application.clock import Seconds, monotonic, now
from application.ports.people.api_key_uses import ApiKeyUses
from application.ports.tenants.tenants import Tenants
from application.tasks import SingleFlight, isolated
from application.tenants.api_key_text import parts_of
from application.tenants.open_keys import API_KEY, NEVER, SERVICE_KEY, open_keys
from application.users import Users
from domain.access import Principal, is_pseudonym
from domain.refusals import Unauthorized
from domain.tenant.events import ApiKeyCreated

FRESH_S = 4.0
"""A key that was revoked, or whose user was erased, opens nothing after so long, whatever news was lost."""
MOST_NAMES = 10_000
MOST_USED = 50_000
"""Keys whose use waits to be stored; one beyond them is noted when it is used again."""


@dataclass(eq=False)
class ApiKeys:
    """A key costs no round trip while its tenant and its user are at hand."""

    tenants: Tenants
    users: Users
    uses: ApiKeyUses
    clock: Seconds = monotonic
    today: Callable[[], datetime] = now
    _names: BoundedCache[tuple[str, str], tuple[str, float]] = field(
        default_factory=partial(BoundedCache, items=MOST_NAMES, size=MOST_NAMES * 1_000)
    )
    _asking: SingleFlight[tuple[str, str], str] = field(default_factory=partial(SingleFlight, "api_key_user"))
    _used: dict[tuple[str, str], datetime] = field(default_factory=dict)

    async def principal(self, key: str) -> Principal:
        """Who acts by it: as a member and nothing else, a machine in its roles; `Unauthorized` when it is no key, or no
        more."""
        parts = parts_of(key)
        if parts is None:
            raise Unauthorized("not an API key")
        with acting_for(parts.tenant):
            known = open_keys(await self.tenants.settings(parts.tenant, FRESH_S), self.today())
            alike = (one for one in known if one.prefix == parts.prefix)
            found = next((one for one in alike if compare_digest(one.hash, parts.hash)), None)
            if found is None:
                raise Unauthorized("unknown API key")
            name = await self._name(parts.tenant, found.user)
        self._note(parts.tenant, found.key_id)
        return Principal(parts.tenant, found.user, found.roles, found.until, found.token_id, name, NEVER)

    async def still_good(self, principal: Principal) -> bool:
        """Whether what a principal came with has not been taken back; of anything but keys nothing is known here."""
        if not principal.token_id.startswith((API_KEY, SERVICE_KEY)):
            return True
        with acting_for(principal.tenant):
            tenant = await self.tenants.settings(principal.tenant, FRESH_S)
        return any(one.token_id == principal.token_id for one in open_keys(tenant, self.today()))

    async def listed(self, tenant: str) -> list[tuple[ApiKeyCreated, str, datetime | None]]:
        """A tenant's keys in order of creation, each with its user's name and when it was last used."""
        keys = (await self.tenants.settings(tenant)).api_keys
        used = await self.last_used(tenant)
        names = await self.users.names(tenant, [key.user for key in keys.values()])
        return [(key, names[key.user], used.get(id)) for id, key in keys.items()]

    async def last_used(self, tenant: str) -> dict[str, datetime]:
        """When each key was used last, by its id: also what is not stored yet."""
        used = dict(await self.uses.fetch(tenant))
        for (of, key_id), at in self._used.items():
            if of == tenant:
                used[key_id] = max(at, used.get(key_id, at))
        return used

    async def forget(self, tenant: str, key_id: str) -> None:
        """Nobody asks any more when a key was used."""
        self._used.pop((tenant, key_id), None)
        await self.uses.remove(tenant, key_id)

    async def store_uses(self) -> None:
        """Store when keys were used since the last time: one statement a tenant."""
        used, self._used = self._used, {}
        by_tenant: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
        for (tenant, key_id), at in used.items():
            by_tenant[tenant][key_id] = at
        for tenant, times in by_tenant.items():
            with isolated("api_key_uses", tenant=tenant), acting_for(tenant):
                await self.uses.keep(tenant, times)

    def _note(self, tenant: str, key_id: str) -> None:
        if (tenant, key_id) in self._used or len(self._used) < MOST_USED:
            self._used[tenant, key_id] = self.today()

    async def _name(self, tenant: str, user: str) -> str:
        """The name that a key's user is known by; `Unauthorized` when the user was erased."""
        known = self._names.get((tenant, user))
        if known is None or self.clock() - known[1] >= FRESH_S:
            at = self.clock()
            name = await self._asking.of((tenant, user), partial(self.users.name, tenant, user))
            if is_pseudonym(name):
                raise Unauthorized("the user of the API key was erased")
            known = (name, at)
            self._names.put((tenant, user), known, len(name))
        return known[0]
