"""Who reads which pending document: claims that run out, so that a dead reader's documents are taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from adapters.database_login import Login
from adapters.database_transactions import Pool, transaction
from application.ports.documents.corpus import Pending
from domain.refusals import DependencyUnavailable

CHANNEL = "documents_pending"
TERM_S = 60

# A tenant that brings thousands of documents at once does not keep the others waiting. Tenants and their first
# documents are found in the index `documents_waiting`: a claim reads what it may take and not all that waits.
TAKE = """
WITH RECURSIVE waiting AS (
  (SELECT tenant FROM documents WHERE status = 'pending' ORDER BY tenant LIMIT 1)
  UNION ALL
  SELECT (SELECT tenant FROM documents WHERE status = 'pending' AND tenant > waiting.tenant ORDER BY tenant LIMIT 1)
  FROM waiting WHERE waiting.tenant IS NOT NULL
), next AS (
  SELECT tenant, document_id FROM (
    SELECT waiting.tenant, document_id,
      row_number() OVER (PARTITION BY waiting.tenant ORDER BY claimable_at, document_id) AS turn
    FROM waiting CROSS JOIN LATERAL (
      SELECT document_id, claimable_at FROM documents
      WHERE documents.tenant = waiting.tenant AND status = 'pending' AND claimable_at <= now()
      ORDER BY claimable_at, document_id LIMIT %(limit)s
    ) AS first
  ) AS numbered ORDER BY turn, document_id LIMIT %(limit)s
)
UPDATE documents SET attempt = attempt + 1, claimable_at = now() + make_interval(secs => %(term)s) FROM next
WHERE documents.tenant = next.tenant AND documents.document_id = next.document_id
  AND status = 'pending' AND claimable_at <= now()
RETURNING documents.tenant, documents.document_id, title, media_type, attempt
"""
SOON = "SET LOCAL synchronous_commit = off"
"""Of what a crash of the database may undo: a claim that it forgot is made again, as if its reader had died."""
# The attempt is the fencing token: one that was taken over by somebody else is not renewed by its first reader.
RENEW = """
UPDATE documents SET claimable_at = now() + make_interval(secs => %s)
FROM unnest(%s::text[], %s::uuid[], %s::int[]) AS mine(tenant, document_id, attempt)
WHERE documents.tenant = mine.tenant AND documents.document_id = mine.document_id
  AND documents.attempt = mine.attempt AND status = 'pending'
"""
RELEASE = """
UPDATE documents SET attempt = attempt - 1, claimable_at = now() + make_interval(secs => %s)
WHERE tenant = %s AND document_id = %s AND attempt = %s AND status = 'pending'
"""
STALE = """
SELECT tenant, document_id FROM documents
WHERE status = 'indexed' AND words_version < %s AND (tenant, document_id) > (%s, %s::uuid)
ORDER BY tenant, document_id LIMIT %s
"""
NAMELESS = """
SELECT tenant, document_id FROM documents WHERE lineage IS NULL AND document_id < %s::uuid
ORDER BY document_id DESC LIMIT %s
"""


class Claims:
    """The queue of pending documents of all tenants, for the worker; `CHANNEL` tells when one is announced."""

    def __init__(self, pool: Pool, login: Login) -> None:
        self._pool, self._login = pool, login
        self._session: psycopg.AsyncConnection[Any] | None = None

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    async def take(self, limit: int) -> list[tuple[Any, ...]]:
        """Up to `limit` documents as (tenant, document id, sealed title, media type, attempt)."""
        async with transaction(self._pool) as connection:
            await connection.execute(SOON)
            cursor = await connection.execute(TAKE, {"limit": limit, "term": TERM_S})
            return await cursor.fetchall()

    async def renew(self, claims: Sequence[Pending]) -> None:
        """Another term for claims that are still ours."""
        tenants, documents = [claim.tenant for claim in claims], [claim.document_id for claim in claims]
        async with transaction(self._pool) as connection:
            await connection.execute(SOON)
            await connection.execute(RENEW, (TERM_S, tenants, documents, [claim.attempt for claim in claims]))

    async def release(self, claim: Pending, delay_s: float) -> None:
        """Give one back."""
        async with transaction(self._pool) as connection:
            await connection.execute(RELEASE, (delay_s, claim.tenant, claim.document_id, claim.attempt))

    async def stale(self, version: int, after: tuple[str, str], limit: int) -> list[tuple[Any, ...]]:
        """Indexed documents whose words are older than a version, as (tenant, document id)."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(STALE, (version, *after, limit))
            return await cursor.fetchall()

    async def nameless(self, before: str, limit: int) -> list[tuple[Any, ...]]:
        """Documents of no lineage, the newest first, as (tenant, document id)."""
        async with transaction(self._pool) as connection:
            return await (await connection.execute(NAMELESS, (before, limit))).fetchall()

    async def wait(self, timeout_s: float) -> None:
        """Until something is announced, or the time is up. One that came just before is found by the next look."""
        try:
            if self._session is None or self._session.closed:
                self._session = await psycopg.AsyncConnection.connect(
                    self._login.session_url, autocommit=True, connect_timeout=5, application_name="colloquy-claims"
                )
                await self._session.execute(f"LISTEN {CHANNEL}")
            async for _ in self._session.notifies(timeout=timeout_s, stop_after=1):
                return
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            await self.close()
            raise DependencyUnavailable("The database does not answer; try again.", retry_after_s=2) from error
