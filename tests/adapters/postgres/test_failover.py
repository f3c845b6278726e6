"""A failover of PostgreSQL: another host answers, and whoever hangs on to the one before is told to try again."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit, urlunsplit

import pytest

from adapters.database_transactions import transaction
from adapters.eventstore.leases import PostgresLeases
from adapters.eventstore.store import open_event_store
from adapters.postgres.pool import open_pool
from application.clock import new_id
from application.execute import SESSION, Context, LoadedAggregate
from domain.refusals import DependencyUnavailable
from domain.session import events as e
from projections.leadership import leadership
from tests.databases import logins_of, worker_of
from tests.fakes.plain_key_authority import PlainKeyAuthority

pytestmark = pytest.mark.real
FOLLOWS = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
"""As a server that follows another: it answers, and takes no writes."""


def two_hosts(url: str) -> str:
    """The same database at the second of two hosts; at the first nobody answers."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"127.0.0.1:1,{address}", query="target_session_attrs=read-write"))


async def test_several_hosts_may_be_named_wherever_one_is(database: str) -> None:
    logins = logins_of(database, through=two_hosts(database))
    async with (
        open_pool(logins.app) as pool,
        open_pool(logins.writer) as writer,
        open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="here", lease_s=30) as store,
    ):
        tenant = new_id()
        await store.vault.create_tenant_key(tenant)
        held = LoadedAggregate(store, f"{tenant}/session/{new_id()}", SESSION)
        await held.append([e.SessionOpened(user="me", assistant="a")], Context("me"))
        await held.append([e.TurnStarted(turn_id="t", client_id="c", text="?")], Context("me"))
        assert await PostgresLeases(writer, "here", 30).owners([held.stream]) == {held.stream: "here"}
        async with leadership(logins_of(database, two_hosts(database)).app.session_url, "x", asyncio.Event()) as leader:
            assert leader is not None


async def test_who_only_follows_is_away_and_its_connections_are_dropped(database: str) -> None:
    async with open_pool(worker_of(database), max_size=1) as pool:
        async with transaction(pool) as connection:
            before = connection.info.backend_pid
        async with pool.connection() as connection:
            await connection.execute(FOLLOWS)
        with pytest.raises(DependencyUnavailable):
            async with transaction(pool) as connection:
                await connection.execute("CREATE TEMPORARY SEQUENCE s")
                await connection.execute("SELECT nextval('s')")
        async with transaction(pool) as connection:
            cursor = await connection.execute("SELECT current_setting('transaction_read_only')")
            assert await cursor.fetchone() == ("off",) and connection.info.backend_pid != before
