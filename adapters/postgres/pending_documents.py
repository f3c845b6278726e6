"""`PendingDocuments`, `StaleWords`, `NamelessDocuments` in PostgreSQL: what waits of the documents of all tenants."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from adapters.postgres.claims import Claims
from adapters.postgres.documents import stream_of, unsealed_title
from application.keyed_words import WORDS_VERSION
from application.ports.documents.corpus import Pending
from application.ports.facts.keys import KeyUnusable, Sealer

POSTPONED_S = 30.0
"""Until a document is claimed again whose key could not be used."""
log = structlog.get_logger()


class PostgresPendingDocuments:
    """For processes that read documents; those that answer people see one tenant at a time, and have none."""

    def __init__(self, claims: Claims, sealer: Sealer) -> None:
        self._claims, self._sealer = claims, sealer

    async def claim_pending(self, limit: int) -> list[Pending]:
        """See `application/ports/documents/corpus.py`."""
        rows = await self._claims.take(limit)
        await self._sealer.unlock([stream_of(tenant, str(document)) for tenant, document, *_ in rows])
        claims = []
        for tenant, document, sealed, media_type, attempt in rows:
            claim = Pending(tenant, str(document), "", media_type, attempt)
            try:
                title = await unsealed_title(self._sealer, tenant, str(document), sealed)
            except KeyUnusable as error:  # its key cannot be used now: the others are read meanwhile
                log.warning("claim_postponed", tenant=tenant, document=str(document), reason=str(error))
                await self.release(claim, delay_s=POSTPONED_S)
            else:
                claims.append(msgspec.structs.replace(claim, title=title))
        return claims

    async def renew(self, claims: Sequence[Pending]) -> None:
        """See `application/ports/documents/corpus.py`."""
        await self._claims.renew(claims)

    async def release(self, claim: Pending, *, delay_s: float) -> None:
        """See `application/ports/documents/corpus.py`."""
        await self._claims.release(claim, delay_s)

    async def wait_pending(self, timeout_s: float) -> None:
        """See `application/ports/documents/corpus.py`."""
        await self._claims.wait(timeout_s)

    async def find_stale(self, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        """See `application/ports/documents/corpus.py`."""
        return [(tenant, str(document)) for tenant, document in await self._claims.stale(WORDS_VERSION, after, limit)]

    async def find_nameless(self, before: str, limit: int) -> list[tuple[str, str]]:
        """See `application/ports/corpus.py`."""
        return [(tenant, str(document)) for tenant, document in await self._claims.nameless(before, limit)]
