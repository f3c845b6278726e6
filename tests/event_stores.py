"""Fixtures of a store on the module's own database, with a tenant that has a key."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.postgres.pool import open_pool
from application.clock import new_id
from tests.databases import logins_of, worker_of
from tests.fakes.plain_key_authority import PlainKeyAuthority


@pytest.fixture(scope="module")
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(logins_of(database).app) as opened:
        yield opened


@pytest.fixture(scope="module")
async def worker(database: str) -> AsyncIterator[Pool]:
    """What a process has that does what concerns all tenants."""
    async with open_pool(worker_of(database)) as opened:
        yield opened


@pytest.fixture(scope="module")
async def store(database: str, pool: Pool, worker: Pool) -> AsyncIterator[PostgresEventStore]:
    async with open_event_store(
        logins_of(database), pool, PlainKeyAuthority(), lanes=1, owner="here", lease_s=30, worker=worker
    ) as opened:
        yield opened


@pytest.fixture
async def tenant(store: PostgresEventStore) -> str:
    name = new_id()
    await store.vault.create_tenant_key(name)
    return name
