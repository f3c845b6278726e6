"""A tenant is erased: everything that it ever gave us, then the key that all of it was sealed under."""

from __future__ import annotations

from dataclasses import dataclass

from application.acting_tenant import acting_for
from application.erasure.receipts import Receipt, Receipts
from application.erasure.take_away import TakeAway
from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore, StreamCatalogue
from application.ports.facts.keys import RenewableKeys
from application.ports.files.blobs import Blobs
from application.ports.tenants.tenant_rows import TenantRows
from application.ports.tenants.tenants import TenantDirectory, Tenants
from application.revocations import Revocations
from application.shredding import book_of, epoch_of
from domain.access import Principal
from domain.event import StreamId
from domain.refusals import NotFound
from domain.tenant import rules

TENANT_ERASED = "tenant_erased"


@dataclass(frozen=True, slots=True)
class EraseTenant:
    """Names of the tenant, its assistants, tools and datasets stay in its facts, for those are never changed; so does
    what it cost."""

    store: EventStore
    catalogue: StreamCatalogue
    take_away: TakeAway
    keys: RenewableKeys
    rows: TenantRows
    blobs: Blobs
    directory: TenantDirectory
    tenants: Tenants
    revocations: Revocations
    receipts: Receipts

    async def __call__(self, operator: Principal, tenant: str) -> Receipt:
        """Erase it; done again it finishes what was cut off. `NotFound` when there is no such tenant, or no more."""
        if not await self.directory.known([tenant]):
            raise NotFound
        with acting_for(tenant):
            receipt = await self._erase(tenant, operator.user)
        await self.directory.remove(tenant)
        return receipt

    async def _erase(self, tenant: str, by: str) -> Receipt:
        await self.revocations.close_tenant(tenant)  # whoever is there is sent away within seconds
        stream = f"{tenant}/tenant/{tenant}"
        await execute(self.store, stream, TENANT, rules.erase_tenant, Context(by, tenant))
        self.tenants.forget(tenant)
        taken = {
            "sessions": await self.take_away.every_session(tenant, by, TENANT_ERASED),
            "files": await self.take_away.delete_files(tenant, await self._ids(tenant, "file"), by, TENANT_ERASED),
            "incidents": await self.take_away.incidents(tenant, await self._ids(tenant, "incident")),
            "documents": await self.take_away.documents(tenant, await self._ids(tenant, "document"), by),
        }
        await self.keys.destroy_tenant(tenant)
        for written in (epoch_of(tenant), book_of(tenant)):
            await self.blobs.delete(written)
        await self.rows.erase(tenant)
        return await self.receipts.note(tenant, "tenant", tenant, taken, by=by, reason="asked", final=True)

    async def _ids(self, tenant: str, kind: str) -> list[str]:
        return [
            StreamId.parse(first.stream).id async for firsts in self.catalogue.begun(tenant, kind) for first in firsts
        ]
