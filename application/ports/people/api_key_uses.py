"""When API keys were last used: a time a key, which may be a minute behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class ApiKeyUses(Protocol):
    """Times by key, each tenant's to itself. `DependencyUnavailable` while nobody can tell."""

    async def keep(self, tenant: str, used: Mapping[str, datetime]) -> None:
        """Keys (by id) were used then; of two times the later one stays."""
        ...

    async def fetch(self, tenant: str) -> Mapping[str, datetime]:
        """When each key was last used that ever was."""
        ...

    async def remove(self, tenant: str, key_id: str) -> None:
        """Forget a key's."""
        ...
