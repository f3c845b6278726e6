"""`DueTenants` over the register of files and the renewal of keys in memory."""

from __future__ import annotations

from datetime import datetime

from tests.fakes.in_memory_files import InMemoryFiles
from tests.fakes.in_memory_renewal import InMemoryRenewal


class InMemoryDueTenants:
    """Whose files are over, and to whom a renewal is owed."""

    def __init__(self, files: InMemoryFiles, renewal: InMemoryRenewal) -> None:
        self._files, self._renewal = files, renewal

    async def page(self, at: datetime, *, after: str, limit: int) -> list[str]:
        over = {tenant for (tenant, _), row in self._files.rows.items() if row.keep_until and row.keep_until <= at}
        return sorted(tenant for tenant in over | self._renewal.owed if tenant > after)[:limit]
