"""An admin lets a key act as a user of the tenant; the key itself is told once and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from application.clock import new_id, now
from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.tenants.api_key_text import new_key, parts_of
from application.users import Users
from domain.access import Principal, is_pseudonym
from domain.refusals import DependencyUnavailable, InvalidField
from domain.tenant import rules
from domain.tenant.commands import CreateApiKey
from domain.tenant.events import ApiKeyCreated
from domain.tenant.service_accounts import SERVICE

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class CreateApiKeyHandler:
    """The user's name is stored before the key exists: a key of a nameless user opens nothing."""

    store: EventStore
    tenants: Tenants
    users: Users

    async def __call__(self, principal: Principal, name: str, user: str) -> tuple[ApiKeyCreated, str]:
        """What was made, and the key."""
        check_name("name", name)
        check_name("user", user)
        tenant = principal.tenant
        if user.startswith(SERVICE):
            raise InvalidField(f"user: no user's name begins with {SERVICE}; a machine has a service account")
        acts_as = await known_by_name(self.users, tenant, user)
        key = new_key(tenant)
        parts = parts_of(key)
        assert parts is not None, "it was made by the same rule"
        created = ApiKeyCreated(
            key_id=new_id(), name=name, user=acts_as, prefix=parts.prefix, hash=parts.hash, created_at=now()
        )
        command, stream = CreateApiKey(key=created), f"{tenant}/tenant/{tenant}"
        await execute(
            self.store, stream, TENANT, lambda state: rules.create_api_key(state, command), Context(principal.user)
        )
        self.tenants.forget(tenant)
        return created, key


async def known_by_name(users: Users, tenant: str, user: str) -> str:
    """The pseudonym of somebody whose name is stored by now. InvalidField when he was erased."""
    acts_as = await users.known(tenant, user)
    if await users.name(tenant, acts_as) != user:
        if await users.is_forgotten(tenant, acts_as):
            raise InvalidField("user: this user was erased, and nothing can act in that name; choose another")
        raise DependencyUnavailable("The user's name could not be kept; try again.", retry_after_s=1)
    return acts_as


def check_name(field: str, value: str) -> None:
    """InvalidField unless it is what a user, or a key, may be called."""
    if not 1 <= len(value) <= MAX_NAME or not value.isprintable() or not value.strip() or is_pseudonym(value):
        raise InvalidField(f"{field}: 1 to {MAX_NAME} printable characters")
