"""Which tenants have something that is over, told at once however many there are."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class DueTenants(Protocol):
    """Tenants with a file that is kept no longer, or with something shredded whose copies in backups can still be read
    (`FinishShredding`)."""

    async def page(self, at: datetime, *, after: str, limit: int) -> list[str]:
        """Ids in their order, after the id `after`; for the platform's own tenant alone."""
        ...
