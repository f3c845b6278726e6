"""Two tenants that have the same things in one database, and its owner, who takes walls away and puts them back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from adapters.database_login import Login
from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.files import PostgresFiles
from adapters.postgres.incidents import PostgresIncidents
from adapters.postgres.pool import Pool, open_pool
from application.clock import new_id, now
from application.ports.documents.corpus import NewDocument, NewPassage
from application.ports.files.file_register import FileRow
from application.ports.incidents.incident_register import IncidentRow
from domain.event import Envelope
from domain.incident.events import IncidentRaised
from domain.session import events as e
from tests.databases import logins_of, worker_of
from tests.fakes.plain_key_authority import PlainKeyAuthority

EAST = [1.0, 0.0, 0.0, 0.0]
APPEND = (
    "SELECT events_0_append(%s::text[], %s::text[], ARRAY[1]::int8[], ARRAY['x.1'], ARRAY[''::bytea], %s::text[],"
    " %s::text[], 'p', 1, %s::text[], %s::bytea[])"
)
# Where a tenant's rows are, and how a row says whose it is.
TABLES = {
    "events_0": "split_part(originator_id, '/', 1)", "stream_keys": "split_part(stream, '/', 1)",
    "tenant_keys": "tenant", "documents": "tenant", "passages": "tenant", "postings": "tenant", "vocabulary": "tenant",
    "corpora": "tenant", "cached_answers": "tenant", "files": "tenant",
    "incidents": "tenant",
}  # fmt: skip


@dataclass
class Two:
    """A database with two tenants that have the same things, and its owner."""

    url: str
    owner: psycopg.Connection[Any]
    pool: Pool
    store: PostgresEventStore
    corpus: PostgresCorpus
    mine: str
    theirs: str
    stream: str

    def login(self, part: str) -> Login:
        return worker_of(self.url) if part == "worker" else getattr(logins_of(self.url), part)


@asynccontextmanager
async def two_tenants(database: str) -> AsyncIterator[Two]:
    """Both on a migrated database, by its owner's URL."""
    logins = logins_of(database)
    mine, theirs = new_id(), new_id()
    async with (
        open_pool(logins.app) as pool,
        open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="here", lease_s=30) as store,
    ):
        corpus = PostgresCorpus(pool, store.vault, dimensions=4)
        for tenant in (mine, theirs):
            await store.vault.create_tenant_key(tenant)
            opened = e.SessionOpened(user="u", assistant="a")
            await store.append([fact(f"{tenant}/session/{new_id()}", opened)])
            id = new_id()
            new = NewDocument(document_id=id, title="a", content_hash=b"a", media_type="text/plain", size=1)
            await corpus.register(tenant, new)
            passage = NewPassage(start=0, end=8, text="the tide", vector=EAST)
            assert await corpus.index(tenant, id, title="a", text="the tide", passages=[passage])
            async with pool.connection() as connection:
                await connection.execute(
                    "SELECT keep_answer(%s, %s, 's', 'k', '[1,0,0,0]'::halfvec, 'st', 't', 'a', 60, 9)",
                    (tenant, tenant),
                )
            row = FileRow(file_id=id, owner="u", name="a", media_type="b", size=1, status="stored", created_at=now())
            await PostgresFiles(pool, store.vault).add(tenant, row)
            raised = IncidentRaised(title="a", text="b", raised_by="u")
            incident = IncidentRow(incident_id=id, raised=raised, status="open", at=now())
            await PostgresIncidents(pool, store.vault).add(tenant, incident)
        with psycopg.connect(database, autocommit=True) as owner:
            yield Two(database, owner, pool, store, corpus, mine, theirs, f"{theirs}/session/{new_id()}")


def fact(stream: str, event: Any) -> Envelope:
    return Envelope(stream=stream, version=1, at=now(), event=event, actor="u")


@contextmanager
def without(two: Two, *taken_away: str, put_back: str) -> Iterator[None]:
    """The database with a wall taken away by its owner."""
    for statement in taken_away:
        two.owner.execute(statement)
    try:
        yield
    finally:
        two.owner.execute(put_back)


async def rows_seen(pool: Any, table: str, acting: str, named: str) -> int:
    """How many of `named`'s rows a transaction for `acting` finds, by the statement alone: without our own check."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenant', %s, true)", (acting,))
        cursor = await connection.execute(f"SELECT count(*) FROM {table} WHERE {TABLES[table]} = %s", (named,))
        return int((await cursor.fetchone())[0])
