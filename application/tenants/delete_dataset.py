"""An admin takes one of the tenant's datasets away, its rows with it."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, LoadedAggregate
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.ports.tools.datasets import Datasets
from domain.access import Principal
from domain.refusals import NotFound
from domain.tenant import rules
from domain.tenant.commands import DeleteDataset


@dataclass(frozen=True, slots=True)
class DeleteDatasetHandler:
    """The fact first, so that no tool is put on it any more, then the rows. Rows that were left behind go when it is
    deleted again."""

    store: EventStore
    tenants: Tenants
    datasets: Datasets

    async def __call__(self, principal: Principal, name: str) -> None:
        """`NotFound`; `InUse` names the tools that ask it."""
        command = DeleteDataset(name=name)
        held = LoadedAggregate(self.store, f"{principal.tenant}/tenant/{principal.tenant}", TENANT)
        await held.catch_up()
        deleted = await held.execute(lambda tenant: rules.delete_dataset(tenant, command), Context(principal.user))
        self.tenants.forget(principal.tenant)
        if not await self.datasets.drop(principal.tenant, name) and not deleted:
            raise NotFound
