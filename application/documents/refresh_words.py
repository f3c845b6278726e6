"""Reads the words of indexed documents anew when the program reads words in another way than when they were indexed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from application.acting_tenant import acting_for
from application.ports.documents.corpus import PassageIndex, StaleWords
from application.tasks import isolated

AT_ONCE = 500
START = ("", str(UUID(int=0)))

log = structlog.get_logger()


@dataclass(slots=True)
class RefreshWords:
    """One round after the other, until none is left; nothing is read from files and no model is called. A document
    that cannot be read now is passed by, and comes again with the next pass."""

    stale: StaleWords
    corpus: PassageIndex
    _after: tuple[str, str] = START

    async def __call__(self) -> None:
        """The next documents."""
        found = await self.stale.find_stale(self._after, AT_ONCE)
        refreshed = 0
        for tenant, document_id in found:
            with isolated("words_refresh", document=document_id), acting_for(tenant):
                refreshed += await self.corpus.refresh_words(tenant, document_id)
        self._after = found[-1] if len(found) == AT_ONCE else START
        if refreshed:
            log.info("words_refreshed", documents=refreshed)
