"""Machines of a tenant: an admin lets one in, gives it another key, or shuts it out. A key is told once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.clock import new_id, now
from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.tenants.api_key_text import SERVICE_KEY, new_key, parts_of
from application.tenants.api_keys import ApiKeys
from application.tenants.create_api_key import check_name, known_by_name
from application.users import Users
from domain.access import Principal
from domain.event import Event
from domain.refusals import NotFound
from domain.tenant import service_accounts as rules
from domain.tenant.service_accounts import SERVICE, ServiceAccount, ServiceKey
from domain.tenant.state import Tenant


@dataclass(frozen=True, slots=True)
class ServiceAccounts:
    """Changes hold here at once, and on every process within the seconds that keys are looked at again."""

    store: EventStore
    tenants: Tenants
    users: Users
    keys: ApiKeys

    async def create(self, principal: Principal, name: str, roles: Sequence[str]) -> tuple[str, ServiceKey, str]:
        """Its id, and its first key: what is kept of it, and the key itself. InvalidField."""
        check_name("name", name)
        tenant = principal.tenant
        user = await known_by_name(self.users, tenant, SERVICE + name)
        made, key = _new(tenant)
        account = ServiceAccount(
            name=name, user=user, roles=tuple(sorted({*roles})), created_at=made.made_at, keys=(made,)
        )
        created = rules.ServiceAccountCreated(account_id=new_id(), account=account)
        await self._change(principal, lambda accounts: rules.create(accounts, created))
        return created.account_id, made, key

    async def rotate(self, principal: Principal, account_id: str, overlap_s: float) -> tuple[ServiceKey, str]:
        """Another key; those before it are good for so long yet. NotFound."""
        made, key = _new(principal.tenant)
        ends = made.made_at + timedelta(seconds=overlap_s)
        rotated = rules.ServiceAccountRotated(account_id=account_id, key=made, others_end_at=ends)
        await self._change(principal, lambda accounts: rules.rotate(accounts, rotated))
        return made, key

    async def remove(self, principal: Principal, account_id: str) -> None:
        """Its keys open nothing any more. NotFound."""
        known = (await self.tenants.settings(principal.tenant)).service_accounts.get(account_id)
        await self._change(principal, lambda accounts: rules.remove(accounts, account_id))
        for key in known.keys if known else ():
            await self.keys.forget(principal.tenant, key.key_id)

    async def _change(self, principal: Principal, rule: Callable[[rules.Accounts], list[Event]]) -> None:
        def for_one_that_is(tenant: Tenant) -> list[Event]:
            if not tenant.name:
                raise NotFound
            return rule(tenant.service_accounts)

        stream = f"{principal.tenant}/tenant/{principal.tenant}"
        await execute(self.store, stream, TENANT, for_one_that_is, Context(principal.user))
        self.tenants.forget(principal.tenant)


def _new(tenant: str) -> tuple[ServiceKey, str]:
    key = new_key(tenant, SERVICE_KEY)
    parts = parts_of(key)
    assert parts is not None, "it was made by the same rule"
    return ServiceKey(key_id=new_id(), prefix=parts.prefix, hash=parts.hash, made_at=now()), key
