"""A store, and another process's on the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore, open_event_store
from tests.databases import logins_of
from tests.event_stores import pool, store, tenant, worker
from tests.fakes.plain_key_authority import PlainKeyAuthority

__all__ = ["pool", "store", "tenant", "worker"]


@pytest.fixture(scope="module")
async def other_store(database: str, pool: Pool) -> AsyncIterator[PostgresEventStore]:
    """Another process on the same database."""
    async with open_event_store(
        logins_of(database), pool, PlainKeyAuthority(), lanes=1, owner="there", lease_s=30
    ) as opened:
        yield opened
