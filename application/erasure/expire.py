"""Erases what a tenant keeps no longer, by its own days for each kind; and ends what erasures left to be done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.acting_tenant import acting_for
from application.clock import Moment, now
from application.erasure.receipts import Receipt, Receipts
from application.erasure.take_away import TakeAway
from application.ports.facts.event_store import StreamCatalogue
from application.ports.files.file_register import FileRegister
from application.ports.tenants.due_tenants import DueTenants
from application.ports.tenants.tenants import TenantDirectory, Tenants
from application.tasks import isolated
from domain.access import PLATFORM_TENANT
from domain.event import Envelope, StreamId
from domain.ids import first_id
from domain.tenant.events import Retention

BY = "retention"
EXPIRED = "expired"
MOST = 1_000
"""Of each kind, of one tenant, a round: the next one goes on."""
PAGE = 500
WALKED = 50
"""Tenants a round whose days are looked at: a few thousand are through in an hour or two, and days are long."""
KNOWN_S = 3_600.0
"""For so long what a tenant has set need not be looked for again, where no news of a change came."""


@dataclass(slots=True)
class Expire:
    """Rounds that cost what there is to do, however many tenants there are: those with something that is over are
    named by one question; whose days say that something is, is found by going on through all of them, a few a round.
    Several processes may do so at once: what is erased is erased once."""

    directory: TenantDirectory
    due: DueTenants
    tenants: Tenants
    catalogue: StreamCatalogue
    files: FileRegister
    take_away: TakeAway
    receipts: Receipts
    clock: Moment = now
    walked_to: str | None = None

    async def __call__(self) -> None:
        """A round. What fails of one tenant keeps no other waiting, and is tried again the next time."""
        async for tenant in self._due():
            await self._look(tenant)
        for tenant in await self._next():
            with isolated("retention", tenant=tenant), acting_for(tenant):
                kept = (await self.tenants.settings(tenant, KNOWN_S)).retention
                if kept != Retention():
                    await self._look(tenant)

    async def _look(self, tenant: str) -> None:
        with isolated("retention", tenant=tenant), acting_for(tenant):
            if await self.of(tenant) is None:
                await self.receipts.finish.if_due(tenant)

    async def of(self, tenant: str) -> Receipt | None:
        """Erase what a tenant keeps no longer; the receipt, if there was any."""
        kept, at = (await self.tenants.settings(tenant)).retention, self.clock()
        files = await self.files.ended(tenant, at, MOST) + await self._older(tenant, "file", kept.file_days, at)
        sessions = await self._older(tenant, "session", kept.session_days, at)
        documents = await self._older(tenant, "document", kept.document_days, at)
        incidents = await self._older(tenant, "incident", kept.incident_days, at)
        if not (files or sessions or documents or incidents):
            return None
        taken = {
            "sessions": await self.take_away.sessions(tenant, sessions, BY, EXPIRED),
            "files": await self.take_away.delete_files(tenant, dict.fromkeys(files), BY, EXPIRED),
            "documents": await self.take_away.documents(tenant, documents, BY),
            "incidents": await self.take_away.incidents(tenant, incidents),
        }
        return await self.receipts(tenant, "expired", tenant, taken, by=BY, reason="retention")

    async def _older(self, tenant: str, kind: str, days: int | None, at: datetime) -> list[str]:
        """Those that came, and sessions that were last used, so many days ago."""
        if days is None:
            return []
        end = at - timedelta(days=days)
        look = self.catalogue.latest if kind == "session" else self.catalogue.begun
        found: list[str] = []
        async for facts in look(tenant, kind, below=first_id(end)):
            found += [_id(fact) for fact in facts if fact.at <= end]
            if len(found) >= MOST:
                break
        return found[:MOST]

    async def _due(self) -> AsyncIterator[str]:
        at, after = self.clock(), ""
        while True:
            with acting_for(PLATFORM_TENANT):
                page = await self.due.page(at, after=after, limit=PAGE)
            for tenant in page:
                yield tenant
            if len(page) < PAGE:
                return
            after = page[-1]

    async def _next(self) -> list[str]:
        """The next tenants in the order of the directory; after the last the first again."""
        with acting_for(PLATFORM_TENANT):
            rows = await self.directory.page(after=self.walked_to, limit=WALKED)
        self.walked_to = rows[-1].tenant_id if len(rows) == WALKED else None
        return [row.tenant_id for row in rows]


def _id(fact: Envelope) -> str:
    return StreamId.parse(fact.stream).id
