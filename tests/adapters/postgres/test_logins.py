"""Logins are made by `migrate`, once, whoever runs it; or named by settings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from adapters.database_login import UnsafeLogin, session_url, with_user
from adapters.database_transactions import tenant_transaction
from adapters.eventstore.store import open_event_store
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.logins import NoLogins, find_logins
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import open_pool
from application.clock import new_id
from infra.local.endpoints import Endpoints
from tests.conftest import other_database
from tests.databases import logins_of, worker_of
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.plain_key_authority import PlainKeyAuthority

pytestmark = pytest.mark.real


@pytest.fixture
def empty(endpoints: Endpoints) -> Iterator[str]:
    """A database without anything, whose owner is no superuser: what a managed server gives."""
    name = f"empty_{new_id()[-12:]}"
    with psycopg.connect(endpoints.database_url, autocommit=True) as superuser:
        # What the roles of the server were made by decides who may grant them: here the first to come was a superuser.
        superuser.execute(f"CREATE ROLE {name} LOGIN CREATEROLE CREATEDB PASSWORD 'secret'")
        for part in ("app", "writer", "worker", "tools"):
            if superuser.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (f"colloquy_{part}",)).fetchone():
                superuser.execute(f"GRANT colloquy_{part} TO {name} WITH ADMIN OPTION")
        superuser.execute(f"CREATE DATABASE {name} OWNER {name}")
        with psycopg.connect(other_database(endpoints.database_url, name), autocommit=True) as inside:
            inside.execute("CREATE EXTENSION vector")
        yield with_user(other_database(endpoints.database_url, name), name, "secret")
        superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def works(url: str, given: dict[str, str] | None = None) -> None:
    """A process can open everything and store something."""
    logins = await find_logins(url, given or {}, worker=True)
    assert logins.worker is not None
    async with (
        open_pool(logins.app) as pool,
        open_pool(logins.worker) as worker,
        open_pool(logins.tools),
        open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="x", lease_s=30, worker=worker) as store,
    ):
        tenant = new_id()
        await store.vault.create_tenant_key(tenant)
        await PostgresCorpus(pool, InMemorySealer(), dimensions=4).provision(tenant)
        async with tenant_transaction(pool, tenant) as connection:
            await connection.execute("SELECT draft_dataset(%s, ARRAY['a'], ARRAY['text'])", (tenant,))
        assert await store.head(0) == 0


async def test_an_owner_who_is_no_superuser_migrates(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    await works(empty)


async def test_another_migration_leaves_whoever_is_logged_in(database: str) -> None:
    before, worker = logins_of(database), worker_of(database)
    async with open_pool(before.app, max_size=2) as pool, pool.connection() as held:
        await asyncio.gather(*(asyncio.to_thread(migrate, database) for _ in range(3)))
        assert (logins_of(database), worker_of(database)) == (before, worker)
        await held.execute("SELECT 1")
        async with pool.connection() as another:  # a new one, with the password from before
            await another.execute("SELECT 1")
    await works(database)


async def test_a_second_installation_on_the_server_has_logins_of_its_own(database: str, empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    ours, theirs = logins_of(database), logins_of(empty)
    assert not {ours.app.role, ours.writer.role} & {theirs.app.role, theirs.writer.role}
    await works(database)
    await works(empty)


async def test_given_logins_are_made_and_nothing_is_kept_of_them(empty: str) -> None:
    names = {part: f"{part}_{new_id()[-12:]}" for part in ("app", "writer", "worker", "tools")}
    given = {part: with_user(empty, name, f"password of {part}") for part, name in names.items()}
    await asyncio.to_thread(migrate, empty, 1, given)
    await works("", given)  # a process that knows no owner
    with psycopg.connect(empty) as owner:
        assert owner.execute("SELECT count(*) FROM logins").fetchone() == (0,)
    with pytest.raises(NoLogins, match="colloquy migrate"):
        await find_logins(empty, {})


async def test_without_the_owner_or_the_logins_it_is_said_what_is_missing(database: str) -> None:
    with pytest.raises(RuntimeError, match="COLLOQUY_DATABASE_URL nor COLLOQUY_DATABASE_APP_URL, COLLOQUY_DATABASE_W"):
        await find_logins("", {})
    with pytest.raises(NoLogins, match="owner of a migrated database"):
        await find_logins(logins_of(database).app.url, {})


async def test_the_owner_given_as_a_login_is_refused(database: str) -> None:
    logins = await find_logins(database, {"app": database})
    with pytest.raises(UnsafeLogin, match="superuser"):
        async with open_pool(logins.app):
            pass


def test_a_session_goes_to_postgresql_itself_as_the_same_role() -> None:
    found = session_url(
        "postgresql://app:a%40b@pooler:6432/colloquy?sslmode=require", "postgresql://o:x@db:5432/colloquy"
    )
    assert found == "postgresql://app:a%40b@db:5432/colloquy"
    assert urlsplit(session_url("postgresql://app@pooler/colloquy", "")).hostname == "pooler"
