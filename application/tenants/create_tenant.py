"""An operator opens a tenant: its key, its part of the corpus, the fact, and its line in the directory."""

from __future__ import annotations

from dataclasses import dataclass

from application.acting_tenant import acting_for
from application.clock import new_id, now
from application.execute import TENANT, Context, execute
from application.ports.documents.corpus import DocumentRegister
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import TenantKeys
from application.ports.tenants.tenants import TenantDirectory, TenantRow
from application.users import Users
from domain.access import Principal
from domain.refusals import InvalidCharacter, InvalidField
from domain.tenant import rules
from domain.tenant.commands import CreateTenant

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class CreateTenantHandler:
    """What a first turn needs is made before the fact that lets it happen: a failure half-way leaves a key that
    nobody uses, never a tenant without one."""

    store: EventStore
    keys: TenantKeys
    corpus: DocumentRegister
    directory: TenantDirectory
    users: Users

    async def __call__(self, principal: Principal, name: str) -> TenantRow:
        """The new tenant. Names are for people and need not differ."""
        command = CreateTenant(name=checked_name(name))
        row = TenantRow(tenant_id=new_id(), name=command.name, created_at=now())
        with acting_for(row.tenant_id):  # an operator acts for the platform, and here for the tenant that begins
            await self.keys.create_tenant_key(row.tenant_id)
            await self.corpus.provision(row.tenant_id)
            by = await self.users.known(row.tenant_id, principal.name)
            await execute(
                self.store,
                f"{row.tenant_id}/tenant/{row.tenant_id}",
                TENANT,
                lambda tenant: rules.create_tenant(tenant, command),
                Context(by, row.tenant_id),
            )
        await self.directory.add(row)
        return row


def checked_name(name: str) -> str:
    """A name of 1 to 200 characters, without white space around it."""
    if "\0" in name:
        raise InvalidCharacter
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidField(f"name: 1 to {MAX_NAME} printable characters")
    return name
