"""What tables hold of a tenant beside its facts and keys."""

from __future__ import annotations

from typing import Protocol


class TenantRows(Protocol):
    """All of them at once: for when the tenant goes."""

    async def erase(self, tenant: str) -> None:
        """Delete every row of the tenant's documents, corpus, files, incidents, kept answers, known exchanges, names
        and datasets. What anything cost stays. Done again nothing happens."""
        ...
