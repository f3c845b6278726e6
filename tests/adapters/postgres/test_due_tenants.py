"""Tenants with something that is over are told by one question, in pages, to the platform alone."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from adapters.database_transactions import tenant_transaction
from adapters.postgres.due_tenants import PostgresDueTenants
from adapters.postgres.pool import open_pool
from application.clock import new_id, now
from tests.databases import logins_of

pytestmark = pytest.mark.real
FILE = """
INSERT INTO files (tenant, file_id, owner, name, media_type, size, status, created_at, keep_until)
VALUES (%s, %s, '~ada', '', 'text/plain', 1, 'stored', now(), %s)"""
KEY = "INSERT INTO tenant_keys (tenant, wrapped, due) VALUES (%s, '', %s)"


async def test_those_with_ended_files_or_unfinished_keys_are_told_each_once(database: str) -> None:
    at, ended, unfinished, both, later, neither = now(), *sorted(new_id() for _ in range(5))
    past = at - timedelta(seconds=1)
    with psycopg.connect(database, autocommit=True) as owner:
        for tenant, until in ((ended, past), (ended, past), (both, past), (later, at + timedelta(days=1))):
            owner.execute(FILE, (tenant, new_id(), until))
        for tenant, due in ((unfinished, at), (both, at), (later, None), (neither, None)):
            owner.execute(KEY, (tenant, due))
    async with open_pool(logins_of(database).app, max_size=2) as pool:
        told = PostgresDueTenants([pool])
        assert await told.page(at, after="", limit=10) == [ended, unfinished, both]
        assert await told.page(at, after=ended, limit=1) == [unfinished]
        assert await told.page(at, after=both, limit=10) == []
        with pytest.raises(InsufficientPrivilege):
            async with tenant_transaction(pool, ended) as connection:
                await connection.execute("SELECT * FROM projections.due_tenants(%s, '', 10)", (at,))
