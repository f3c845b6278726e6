"""The tenants of the installation: their directory, and their assistants kept at hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from domain.access import Principal
from domain.tenant.assistant import Assistant
from domain.tenant.state import Tenant

FRESH_S = 10.0
"""After so long a tenant is looked for unasked: the news of a change may have been lost with a connection."""


class TenantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant as the platform's operators see it."""

    tenant_id: str
    name: str
    created_at: datetime


class TenantDirectory(Protocol):
    """Which tenants there are. Rows follow from `tenant.created` facts."""

    async def add(self, row: TenantRow) -> None:
        """Note a tenant; one that is there already stays as it is."""
        ...

    async def remove(self, tenant_id: str) -> None:
        """Forget a tenant; nothing happens when it is not there."""
        ...

    async def known(self, ids: Sequence[str]) -> list[TenantRow]:
        """Those of these tenants that there are, in order of creation."""
        ...

    async def page(self, *, after: str | None, limit: int) -> list[TenantRow]:
        """Tenants in order of creation (of id), after the id `after`."""
        ...


class Tenants(Protocol):
    """What tenants have set, quick to ask."""

    async def assistant(self, tenant: str, name: str) -> tuple[Assistant, int]:
        """An assistant and its version (0: as it comes); `AssistantNotFound`. At most `2` seconds out of date in other
        processes than the one that changed it, where it is never."""
        ...

    async def assistant_for(self, principal: Principal, name: str) -> tuple[Assistant, int]:
        """The same for somebody who wants to talk to it: for whom it is not, there is no such assistant."""
        ...

    async def settings(self, tenant: str, fresh_s: float = FRESH_S) -> Tenant:
        """Everything a tenant has set, as fresh as `assistant`; not to be changed. An empty one when there is none.
        Where the news of a change is lost, it is looked for after `fresh_s` seconds."""
        ...

    def forget(self, tenant: str) -> None:
        """Look again the next time: the tenant has just been changed here."""
        ...
