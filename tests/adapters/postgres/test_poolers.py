"""Behind PgBouncer the program works as it does without, or says plainly at the start that it will not."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from adapters.database_login import REFUSED, Login, Logins, NoSessions, UnsafeLogin
from adapters.database_transactions import Pool
from adapters.eventstore.leases import PostgresLeases
from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.postgres.claims import Claims
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.logins import find_logins
from adapters.postgres.migrate import migrate
from adapters.postgres.pending_documents import PostgresPendingDocuments
from adapters.postgres.pool import open_pool
from application.clock import new_id
from application.execute import SESSION, Context, LoadedAggregate
from application.ports.documents.corpus import NewDocument, NewPassage
from domain.event import Shredded
from domain.refusals import DependencyUnavailable
from domain.session import events as e
from domain.session.state import Session
from infra.local.ports import held
from projections.leadership import leadership
from tests.databases import logins_of, worker_of
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.plain_key_authority import PlainKeyAuthority
from tests.pgbouncer import needs_pgbouncer, pgbouncer

pytestmark = [pytest.mark.real, needs_pgbouncer]
ME = Context("me")
EAST = [1.0, 0.0, 0.0, 0.0]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PgBouncer's own user can reach."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def users_of(owner_url: str) -> dict[str, str]:
    """Everybody who logs in, with passwords."""
    logins = logins_of(owner_url)
    urls = [owner_url, *(login.url for login in (logins.app, logins.writer, logins.tools, worker_of(owner_url)))]
    return {unquote(urlsplit(url).username or ""): unquote(urlsplit(url).password or "") for url in urls}


@contextmanager
def pooled(home: Path, database: str, mode: str, extra: str = "", port: int = 0) -> Iterator[str]:
    with pgbouncer(home, database, users_of(database), mode, extra, port) as url:
        yield url


@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_everything_works_behind_it(home: Path, database: str, mode: str) -> None:
    """In transaction mode with the host of PostgreSQL itself for the few connections that need a session."""
    direct = database if mode == "transaction" else ""
    with pooled(home, database, mode) as url:
        logins = await find_logins(url, {}, direct, worker=True)
        assert (urlsplit(logins.app.url).port, urlsplit(logins.app.session_url).port) == (
            urlsplit(url).port, urlsplit(direct or url).port,
        )  # fmt: skip
        async with AsyncExitStack() as stack:
            here, there = [await opened(stack, logins, name) for name in ("here", "there")]
            tenants = [new_id() for _ in range(3)]
            for tenant in tenants:
                await here.vault.create_tenant_key(tenant)
            # Many at once, so that statements of many share connections.
            held = [LoadedAggregate(here, f"{tenants[n % 3]}/session/{new_id()}", SESSION) for n in range(30)]
            for _ in range(3):
                await asyncio.gather(*(one.append([e.SessionOpened(user="me", assistant="a")], ME) for one in held))
            assert [len(await there.load(one.stream)) for one in held] == [3] * 30
            await search_through_it(stack, logins, here, tenants[0])
            await hear_of_a_shredded_key(here, there, held[0])
            await leases_are_kept(stack, logins, here, tenants[1])
            async with (
                leadership(worker_of(database).url if direct else url, "x", asyncio.Event()) as first,
                leadership(worker_of(database).url if direct else url, "y", asyncio.Event()) as second,
            ):
                assert first and second


async def opened(stack: AsyncExitStack, logins: Logins, name: str) -> PostgresEventStore:
    assert logins.worker is not None
    pool = await stack.enter_async_context(open_pool(logins.app))
    worker = await stack.enter_async_context(open_pool(logins.worker))
    return await stack.enter_async_context(
        open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner=name, lease_s=30, worker=worker)
    )


async def search_through_it(stack: AsyncExitStack, logins: Logins, store: PostgresEventStore, tenant: str) -> None:
    assert logins.worker is not None
    pool = await stack.enter_async_context(open_pool(logins.app))
    claims = Claims(await stack.enter_async_context(open_pool(logins.worker)), logins.worker)
    stack.push_async_callback(claims.close)
    corpus = PostgresCorpus(pool, store.vault, dimensions=4)
    pending = PostgresPendingDocuments(claims, store.vault)
    waiting = asyncio.create_task(pending.wait_pending(10))
    id = new_id()
    new = NewDocument(document_id=id, title="a", content_hash=b"a", media_type="text/plain", size=1)
    await corpus.register(tenant, new)
    await corpus.announce(tenant, id)
    assert [claim.document_id for claim in await pending.claim_pending(1)] == [id]
    await waiting
    passage = NewPassage(start=0, end=8, text="the tide", vector=EAST)
    assert await corpus.index(tenant, id, title="a", text="the tide", passages=[passage])
    found = await asyncio.gather(*(corpus.search(tenant, "tide", EAST, 3) for _ in range(40)))
    assert [[one.text for one in passages] for passages in found] == [["the tide"]] * 40


async def hear_of_a_shredded_key(
    here: PostgresEventStore, there: PostgresEventStore, held: LoadedAggregate[Session]
) -> None:
    await asyncio.wait_for(there.lanes.listeners[0].listening.wait(), 10)
    await here.shred(held.stream)
    async with asyncio.timeout(10):
        while there.vault.keyring.get(held.stream) is not None:  # noqa: ASYNC110  # another process has no event
            await asyncio.sleep(0.01)


async def leases_are_kept(stack: AsyncExitStack, logins: Logins, store: PostgresEventStore, tenant: str) -> None:
    held = LoadedAggregate(store, f"{tenant}/session/{new_id()}", SESSION)
    await held.append(
        [e.SessionOpened(user="m", assistant="a"), e.TurnStarted(turn_id="t", client_id="c", text="?")], ME
    )
    writer = await stack.enter_async_context(open_pool(logins.writer))
    leases = PostgresLeases(writer, "here", 0.0)
    await leases.renew([held.stream])
    assert held.stream in await PostgresLeases(writer, "there", 30).claim_expired(1000)
    assert not any(isinstance(fact.event, Shredded) for fact in await store.load(held.stream))


async def test_in_transaction_mode_alone_it_says_that_it_will_not(home: Path, database: str) -> None:
    with pooled(home, database, "transaction") as url:
        logins = await find_logins(url, {})
        async with open_pool(logins.app) as pool:
            with pytest.raises(NoSessions, match="COLLOQUY_DATABASE_DIRECT_URL"):
                async with open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="x", lease_s=30):
                    pass
        with pytest.raises(RuntimeError, match="COLLOQUY_DATABASE_DIRECT_URL"):
            await asyncio.to_thread(migrate, url)


async def test_a_migration_goes_through_a_pooler_that_keeps_sessions(home: Path, database: str) -> None:
    with pooled(home, database, "session") as url:
        before = logins_of(database)
        await asyncio.to_thread(migrate, url)
        assert logins_of(database) == before, "whoever is logged in stays so"


@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_a_pooler_that_puts_the_owner_in_everybodys_place_is_refused(
    home: Path, database: str, mode: str
) -> None:
    owner = urlsplit(database)
    with pooled(home, database, mode, f"user={owner.username} password={owner.password}") as url:
        login = (await find_logins(url, {})).app
        with pytest.raises(UnsafeLogin, match="does a pooler put another user in its place"):
            async with open_pool(login):
                pass
        with pytest.raises(UnsafeLogin, match="superuser"):
            async with open_pool(Login("app", url, url)):
                pass


async def test_one_that_does_so_later_is_refused_when_a_connection_is_made(home: Path, database: str) -> None:
    owner, refused = urlsplit(database), REFUSED.labels("app")
    with held() as port, ExitStack() as pooler:
        url = pooler.enter_context(pooled(home, database, "session", port=port))
        async with open_pool((await find_logins(url, {})).app) as pool:
            assert await version(pool) == 0
            before = refused._value.get()
            pooler.close()
            pooler.enter_context(
                pooled(home, database, "session", f"user={owner.username} password={owner.password}", port)
            )
            for _ in range(2):  # the first finds its connection broken
                with pytest.raises(DependencyUnavailable):
                    await version(pool)
            assert refused._value.get() > before, "and it is an alarm"


async def version(pool: Pool) -> int:
    return await PostgresCorpus(pool, InMemorySealer(), dimensions=4).version(new_id())
