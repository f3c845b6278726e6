"""The directory of tenants in memory."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports.tenants.tenants import TenantRow


class InMemoryDirectory:
    """Tenants in a list."""

    def __init__(self) -> None:
        self.rows: list[TenantRow] = []

    async def add(self, row: TenantRow) -> None:
        if row.tenant_id not in [known.tenant_id for known in self.rows]:
            self.rows.append(row)

    async def remove(self, tenant_id: str) -> None:
        self.rows = [row for row in self.rows if row.tenant_id != tenant_id]

    async def known(self, ids: Sequence[str]) -> list[TenantRow]:
        return [row for row in self.rows if row.tenant_id in ids]

    async def page(self, *, after: str | None, limit: int) -> list[TenantRow]:
        return [row for row in sorted(self.rows, key=lambda row: row.tenant_id) if row.tenant_id > (after or "")][
            :limit
        ]
