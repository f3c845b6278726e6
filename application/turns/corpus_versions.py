"""The version of a tenant's corpus, remembered for a second so that a turn need not ask the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from application.bounded_cache import BoundedCache
from application.clock import monotonic
from application.ports.documents.corpus import PassageSearch
from application.tasks import SingleFlight

FRESH_S = 1.0
MOST = 10_000


@dataclass(slots=True)
class CorpusVersions:
    """At most a second out of date."""

    corpus: PassageSearch
    _known: BoundedCache[str, tuple[int, float]] = field(default_factory=lambda: BoundedCache(items=MOST, size=MOST))
    _asking: SingleFlight[str, int] = field(default_factory=partial(SingleFlight, "corpus_version"))

    async def of(self, tenant: str) -> int:
        """The version; 0 when the tenant has no documents."""
        known = self._known.get(tenant)
        if known and monotonic() - known[1] < FRESH_S:
            return known[0]
        return await self._asking.of(tenant, partial(self._ask, tenant))

    async def _ask(self, tenant: str) -> int:
        version = await self.corpus.version(tenant)
        self._known.put(tenant, (version, monotonic()))
        return version
