"""A store with tenants on the module's own database, and read models on it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.postgres.pool import Pool, open_pool
from application.clock import new_id


class RandomKeys:
    """A key authority that wraps nothing."""

    async def create(self, tenant: str) -> tuple[bytes, bytes]:
        key = secrets.token_bytes(32)
        return key, key

    async def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        return wrapped


@pytest.fixture(scope="module")
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database) as opened:
        yield opened


@pytest.fixture(scope="module")
async def store(database: str, pool: Pool) -> AsyncIterator[PostgresEventStore]:
    async with open_event_store(database, pool, RandomKeys(), lanes=1, owner="here", lease_s=30) as opened:
        yield opened


@pytest.fixture
async def tenant(store: PostgresEventStore) -> str:
    name = new_id()
    await store.vault.create_tenant_key(name)
    return name
