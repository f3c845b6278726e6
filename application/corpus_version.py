"""The version of a tenant's corpus, remembered for a second so that a turn need not ask the database."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from application.ports.corpus import Corpus

FRESH_S = 1.0


@dataclass(slots=True)
class CorpusVersions:
    """At most a second out of date."""

    corpus: Corpus
    _known: dict[str, tuple[int, float]] = field(default_factory=dict)
    _asking: dict[str, asyncio.Task[int]] = field(default_factory=dict)

    async def of(self, tenant: str) -> int:
        """The version; 0 when the tenant has no documents."""
        known = self._known.get(tenant)
        if known and time.monotonic() - known[1] < FRESH_S:
            return known[0]
        if tenant not in self._asking:
            self._asking[tenant] = asyncio.create_task(self._ask(tenant))
        return await asyncio.shield(self._asking[tenant])

    async def _ask(self, tenant: str) -> int:
        try:
            version = await self.corpus.version(tenant)
            self._known[tenant] = (version, time.monotonic())
            return version
        finally:
            del self._asking[tenant]
