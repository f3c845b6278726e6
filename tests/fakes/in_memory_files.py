"""`FileRegister` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from application.ports.files.file_register import FileRow


class InMemoryFiles:
    """Rows by tenant and id."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], FileRow] = {}

    async def add(self, tenant: str, row: FileRow) -> None:
        self.rows.setdefault((tenant, row.file_id), row)

    async def fetch(self, tenant: str, file_ids: Sequence[str]) -> list[FileRow]:
        return [self.rows[tenant, id] for id in file_ids if (tenant, id) in self.rows]

    async def page(self, tenant: str, owner: str, *, after: str | None, limit: int) -> list[FileRow]:
        own = [row for (whose, _), row in self.rows.items() if whose == tenant and row.owner == owner]
        newest = sorted(own, key=lambda row: row.file_id, reverse=True)
        return [row for row in newest if after is None or row.file_id < after][:limit]

    async def ended(self, tenant: str, at: datetime, limit: int) -> list[str]:
        own = [row for (whose, _), row in self.rows.items() if whose == tenant]
        return [row.file_id for row in own if row.keep_until and row.keep_until <= at][:limit]

    async def mark_stored(self, tenant: str, file_id: str) -> bool:
        if (tenant, file_id) not in self.rows:
            return False
        self.rows[tenant, file_id] = replace(self.rows[tenant, file_id], status="stored")
        return True

    async def remove(self, tenant: str, file_id: str) -> None:
        self.rows.pop((tenant, file_id), None)
