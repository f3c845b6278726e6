"""Makes shredding final: copies of the database from before give nothing of it back, and all else that they hold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from io import BytesIO

from application.ports.facts.keys import RenewableKeys, RestorableKeys
from application.ports.files.blobs import Blobs
from application.ports.files.scratch import Scratch

AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class FinishShredding:
    """A tenant's key is replaced, the new one is written down outside the database, and the old one is destroyed: in
    this order, so that whatever is cut off loses nothing and is finished by doing it again."""

    keys: RenewableKeys
    blobs: Blobs
    scratch: Scratch

    async def __call__(self, tenant: str) -> None:
        """Everything of the tenant that was shredded up to now is gone for good, whoever has a copy.
        `DependencyUnavailable` when it could not be finished: it is due then."""
        await self.keys.renew(tenant)
        with self.scratch.open() as book:
            epoch = await self.keys.write_book(tenant, book)
            await self.blobs.put(book_of(tenant), book)
        await self.blobs.put(epoch_of(tenant), BytesIO(b"%d" % epoch))  # not before the book is there
        await self.keys.destroy_replaced(tenant)

    async def if_due(self, tenant: str) -> bool:
        """The same where something was shredded and never finished; whether it was."""
        due = await self.keys.due(tenant)
        if due:
            await self(tenant)
        return due


@dataclass(frozen=True, slots=True)
class RestoreKeys:
    """After a copy of the database was restored: tenants whose keys were replaced since then get those of today, and
    what was erased since is erased again. Else nothing of such a tenant could be read."""

    keys: RestorableKeys
    blobs: Blobs
    scratch: Scratch

    async def __call__(self) -> int:
        """How many tenants were behind. Looked for with one small read each."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(tenant: str, epoch: int) -> bool:
            async with places:
                return await self.of(tenant, epoch)

        return sum(await asyncio.gather(*(one(*known) for known in await self.keys.epochs())))

    async def of(self, tenant: str, epoch: int) -> bool:
        """The same of one, whose key was replaced so often by what the database says."""
        written = BytesIO()
        if not await self.blobs.get(epoch_of(tenant), written) or int(written.read()) <= epoch:
            return False
        with self.scratch.open() as book:
            return await self.blobs.get(book_of(tenant), book) and await self.keys.restore(tenant, book)


def book_of(tenant: str) -> str:
    """Where a tenant's keys are written down."""
    return f"{tenant}/keys/book"


def epoch_of(tenant: str) -> str:
    """Where it stands how often they were replaced by then."""
    return f"{tenant}/keys/epoch"
