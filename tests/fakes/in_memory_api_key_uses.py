"""When keys were last used, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime


class InMemoryApiKeyUses:
    """Times by tenant and key; `writes` counts how often some were kept."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
        self.writes = 0

    async def keep(self, tenant: str, used: Mapping[str, datetime]) -> None:
        self.writes += 1
        for key_id, at in used.items():
            self.rows[tenant][key_id] = max(at, self.rows[tenant].get(key_id, at))

    async def fetch(self, tenant: str) -> Mapping[str, datetime]:
        return dict(self.rows[tenant])

    async def remove(self, tenant: str, key_id: str) -> None:
        self.rows[tenant].pop(key_id, None)
