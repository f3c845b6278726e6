"""What tests open on a migrated database, from its owner's URL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from adapters.database_login import PARTS, Login, Logins, with_user
from adapters.database_transactions import Pool, tenant_transaction
from adapters.postgres.claims import Claims
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.datasets import PostgresDatasets
from adapters.postgres.pending_documents import PostgresPendingDocuments
from adapters.postgres.pool import open_pool
from adapters.postgres.tool_queries import ToolQueries
from application.ports.facts.keys import Sealer
from application.ports.tools.tables import Table
from tests.fakes.in_memory_sealer import InMemorySealer


def logins_of(owner_url: str, through: str = "") -> Logins:
    """What `migrate` drew there; `through` is another address of the same server."""
    with psycopg.connect(owner_url) as owner:
        drawn = {
            part: with_user(through or owner_url, role, password)
            for part, role, password in owner.execute("TABLE logins")
        }
    return Logins(**{part: Login(part, drawn[part], drawn[part]) for part in PARTS})


def worker_of(owner_url: str) -> Login:
    """The login that does what concerns all tenants."""
    login = logins_of(owner_url).worker
    assert login is not None
    return login


async def known(pool: Pool, tenant: str) -> None:
    """Let there be a tenant of that id: one that has a key, even if nobody can open it."""
    async with tenant_transaction(pool, tenant) as connection:
        await connection.execute("INSERT INTO tenant_keys VALUES (%s, '') ON CONFLICT DO NOTHING", (tenant,))


class CorpusOfAnybody(PostgresCorpus):
    """The corpus, for tests that draw their tenants as they go, and its documents that wait to be read."""

    pending: PostgresPendingDocuments

    async def provision(self, tenant: str) -> None:
        await known(self._pool, tenant)
        await super().provision(tenant)

    async def make_stale(self, tenant: str, document_id: str) -> None:
        """As an earlier version of the program left it: its words are not those that questions have."""
        async with tenant_transaction(self._pool, tenant) as connection:
            of = {"tenant": tenant, "document": document_id}
            await connection.execute("UPDATE documents SET words_version = 1 WHERE document_id = %(document)s", of)
            for table in ("postings", "vocabulary"):
                await connection.execute(f"UPDATE {table} SET term = -term WHERE tenant = %(tenant)s", of)

    async def make_nameless(self, tenant: str, document_id: str) -> None:
        """As an earlier version of the program left it."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(
                "UPDATE documents SET name = NULL, lineage = NULL WHERE document_id = %s", (document_id,)
            )


class DatasetsOfAnybody(PostgresDatasets):
    """Datasets, for tests that draw their tenants as they go."""

    async def replace(self, tenant: str, name: str, table: Table) -> int:
        await known(self._pool, tenant)
        return await super().replace(tenant, name, table)


@asynccontextmanager
async def open_corpus(
    owner_url: str, dimensions: int, sealer: Sealer | None = None, **limits: Any
) -> AsyncIterator[CorpusOfAnybody]:
    """A corpus, and its documents that wait to be read."""
    logins, sealer = logins_of(owner_url), sealer or InMemorySealer()
    async with open_pool(logins.app) as pool, open_pool(worker_of(owner_url)) as worker:
        claims = Claims(worker, worker_of(owner_url))
        corpus = CorpusOfAnybody(pool, sealer, dimensions=dimensions, **limits)
        corpus.pending = PostgresPendingDocuments(claims, sealer)
        yield corpus
        await claims.close()


@asynccontextmanager
async def open_datasets(owner_url: str, *, places: int = 4, **limits: Any) -> AsyncIterator[DatasetsOfAnybody]:
    """Datasets as the program has them; `limits` are those of `ToolQueries`."""
    logins = logins_of(owner_url)
    async with open_pool(logins.app) as pool, open_pool(logins.tools, max_size=places) as tools:
        queries = ToolQueries(tools, **limits)
        yield DatasetsOfAnybody(pool, queries)
        await queries.close()
