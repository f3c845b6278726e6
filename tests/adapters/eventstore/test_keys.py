"""Keys in two levels on PostgreSQL: what they cost, what happens without them, and what shredding one means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from cryptography.exceptions import InvalidTag

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore, open_event_store
from application.clock import new_id, now
from application.execute import SESSION, Context, LoadedAggregate
from application.ports.facts.keys import KeyDamaged, KeyUnusable
from application.unsealing import unseal_if_whole
from domain.audit_reads import AuditRead
from domain.event import Envelope, Shredded
from domain.refusals import Conflict, DependencyUnavailable, NotFound
from domain.session import events as e
from domain.session.state import Session, snapshot_of
from tests.databases import logins_of
from tests.fakes.plain_key_authority import PlainKeyAuthority

pytestmark = pytest.mark.real
ME = Context("me")
OPENED = e.SessionOpened(user="me", assistant="default")


def started(turn: str = "t") -> e.TurnStarted:
    return e.TurnStarted(turn_id=turn, client_id=turn, text="what I asked")


def session(store: PostgresEventStore, tenant: str) -> LoadedAggregate[Session]:
    return LoadedAggregate(store, f"{tenant}/session/{new_id()}", SESSION)


@asynccontextmanager
async def process(database: str, pool: Pool, authority: PlainKeyAuthority) -> AsyncIterator[PostgresEventStore]:
    """A process that has just started: no key in memory."""
    async with open_event_store(logins_of(database), pool, authority, lanes=1, owner=new_id(), lease_s=30) as store:
        yield store


async def test_a_tenant_costs_one_call_and_its_sessions_none(database: str, pool: Pool, tenant: str) -> None:
    authority = PlainKeyAuthority()
    async with process(database, pool, authority) as store:
        await asyncio.gather(*(session(store, tenant).append([OPENED, started()], ME) for _ in range(20)))
    assert authority.asked == 1


@pytest.mark.parametrize("trouble", ["away", "silent"])
async def test_without_the_key_service_known_tenants_go_on_and_others_are_told(
    database: str, pool: Pool, tenant: str, trouble: str
) -> None:
    authority, known, head = PlainKeyAuthority(), new_id(), 0
    async with process(database, pool, authority) as store:
        await store.vault.create_tenant_key(known)
        authority.away, authority.silent = trouble == "away", trouble == "silent"
        await session(store, known).append([OPENED, started()], ME)
        head = await store.head(0)
        with pytest.raises(DependencyUnavailable):
            await session(store, tenant).append([OPENED, started()], ME)
        assert await store.head(0) == head, "nothing private is stored in the clear"
        authority.away = authority.silent = False
        await session(store, tenant).append([OPENED, started()], ME)


async def test_a_key_whose_first_fact_was_not_stored_is_never_used(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str
) -> None:
    """Otherwise what it seals could be read by nobody but this process."""
    stream = f"{tenant}/session/{new_id()}"
    first = [Envelope(stream=stream, version=1, at=now(), event=OPENED)]
    await other_store.append(first)
    with pytest.raises(Conflict):
        await store.append(first)
    held = LoadedAggregate(store, stream, SESSION)
    await held.catch_up()
    await held.append([started()], ME)
    assert (await other_store.load(stream))[1].event == started()


async def test_two_processes_that_seal_for_a_new_stream_use_one_key(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str
) -> None:
    stream = f"{tenant}/document/{new_id()}"
    one, other = await asyncio.gather(
        store.vault.seal(stream, b"one", "text"), other_store.vault.seal(stream, b"other", "text")
    )
    assert await other_store.vault.unseal(stream, one, "text") == b"one"
    assert await store.vault.unseal(stream, other, "text") == b"other"
    with pytest.raises(InvalidTag):
        await store.vault.unseal(stream, one, "title")
    await store.append([Envelope(stream=stream, version=1, at=now(), event=started())])
    assert (await other_store.load(stream))[0].event == started()


async def test_digests_are_the_tenants_own(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str
) -> None:
    other = new_id()
    await store.vault.create_tenant_key(other)
    digest = await store.vault.digest(tenant, b"word")
    assert digest == await other_store.vault.digest(tenant, b"word")
    assert digest != await store.vault.digest(other, b"word")


async def test_a_shredded_stream_never_gets_another_key(store: PostgresEventStore, tenant: str) -> None:
    stream = f"{tenant}/document/{new_id()}"
    sealed = await store.vault.seal(stream, b"text", "text")
    await store.shred(stream)
    assert await store.vault.unseal(stream, sealed, "text") is None
    with pytest.raises(NotFound):
        await store.vault.seal(stream, b"more", "text")


async def test_a_tenant_key_that_was_destroyed_shreds_all_its_streams(
    database: str, pool: Pool, store: PostgresEventStore, tenant: str
) -> None:
    held, authority = session(store, tenant), PlainKeyAuthority()
    await held.append([OPENED, started()], ME)
    authority.destroyed.add(tenant)
    async with process(database, pool, authority) as later:
        assert [envelope.event for envelope in await later.load(held.stream)] == [
            OPENED,
            Shredded(topic="turn.started.1"),
        ]
        with pytest.raises(NotFound):
            await session(later, tenant).append([OPENED, started()], ME)


async def test_another_process_forgets_a_shredded_key(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str
) -> None:
    held = session(store, tenant)
    await held.append([OPENED, started()], ME)
    await asyncio.wait_for(other_store.lanes.listeners[0].listening.wait(), 10)
    assert (await other_store.load(held.stream))[1].event == started()
    await store.shred(held.stream)
    await forgotten(other_store, held.stream)


async def test_whoever_did_not_listen_forgets_all_keys_when_it_does_again(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str, database: str
) -> None:
    held = session(store, tenant)
    await held.append([OPENED, started()], ME)
    await asyncio.wait_for(other_store.lanes.listeners[0].listening.wait(), 10)
    await other_store.load(held.stream)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'colloquy-listener'"
        )
        connection.execute("UPDATE stream_keys SET wrapped = NULL WHERE stream = %s", (held.stream,))
    await forgotten(other_store, held.stream)
    assert isinstance((await other_store.load(held.stream))[1].event, Shredded)


async def forgotten(store: PostgresEventStore, stream: str) -> None:
    async with asyncio.timeout(10):
        while store.vault.keyring.get(stream) is not None:  # noqa: ASYNC110  # another process has no event for it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("taken", "put"), [(2, 4), (2, 2)], ids=["to another version", "to another stream"])
async def test_ciphertext_that_was_moved_is_refused(
    store: PostgresEventStore, tenant: str, database: str, taken: int, put: int
) -> None:
    one, other = session(store, tenant), session(store, tenant)
    ended = e.TurnFailed(turn_id="a", code="internal", message="", retryable=True)
    for held in (one, other):
        await held.append([OPENED, started("a"), ended, started("b")], ME)
    source = one if taken != put else other
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE events_0 SET state = (SELECT state FROM events_0 WHERE originator_id = %s AND"
            " originator_version = %s) WHERE originator_id = %s AND originator_version = %s",
            (source.stream, taken, one.stream, put),
        )
    with pytest.raises(InvalidTag):
        await store.load(one.stream)


async def test_a_snapshot_that_cannot_be_read_is_no_snapshot(
    store: PostgresEventStore, tenant: str, database: str
) -> None:
    held = session(store, tenant)
    await held.append([OPENED, started()], ME)
    await store.snapshot(Envelope(stream=held.stream, version=2, at=now(), event=snapshot_of(held.state)))
    again = LoadedAggregate(store, held.stream, SESSION)
    await again.catch_up()
    assert (again.version, again.state) == (2, held.state)
    for change in ("topic = 'session.snapshot.0'", "state = '\\x01c1'::bytea"):
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"UPDATE snapshots SET {change} WHERE stream = %s", (held.stream,))
        assert [envelope.event for envelope in await store.load(held.stream)] == [OPENED, started()]


def spoil(database: str, statement: str, *parameters: object) -> None:
    """Change what is stored, as a fault of a disk or of a hand does."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement, parameters)


SPOIL_STREAM = "UPDATE stream_keys SET wrapped = 'spoilt key of no use'::bytea WHERE stream = %s"
SPOIL_TENANT = "UPDATE tenant_keys SET wrapped = 'of nobody at all'::bytea WHERE tenant = %s"


async def test_a_damaged_key_keeps_no_other_out_and_is_no_shredded_one(
    database: str, pool: Pool, store: PostgresEventStore, tenant: str
) -> None:
    bad, good = session(store, tenant), session(store, tenant)
    for held in (bad, good):
        await held.append([OPENED, started()], ME)
    sealed = await store.vault.seal(bad.stream, b"text", "text")
    spoil(database, SPOIL_STREAM, bad.stream)
    async with process(database, pool, PlainKeyAuthority()) as later:
        await later.unlock([bad.stream, good.stream])
        assert (await later.load(good.stream))[1].event == started()
        for asking in (later.load(bad.stream), later.vault.unseal(bad.stream, sealed, "text")):
            with pytest.raises(KeyDamaged):
                await asking
        with pytest.raises(KeyDamaged):
            await later.vault.seal(bad.stream, b"more", "text")
        assert await unseal_if_whole(later.vault, bad.stream, sealed, "text") is None


@pytest.mark.parametrize("trouble", ["damaged", "raises"])
async def test_a_tenant_whose_key_cannot_be_had_keeps_no_other_out(
    database: str, pool: Pool, store: PostgresEventStore, tenant: str, trouble: str
) -> None:
    class Raising(PlainKeyAuthority):
        async def unwrap(self, of: str, wrapped: bytes) -> bytes:
            if of == other and trouble == "raises":
                raise KeyError("whatever")
            return await super().unwrap(of, wrapped)

    other = new_id()
    await store.vault.create_tenant_key(other)
    bad, good = session(store, other), session(store, tenant)
    for held in (bad, good):
        await held.append([OPENED, started()], ME)
    if trouble == "damaged":
        spoil(database, SPOIL_TENANT, other)
    async with process(database, pool, Raising()) as later:
        await later.unlock([bad.stream, good.stream])
        assert (await later.load(good.stream))[1].event == started()
        with pytest.raises(KeyUnusable):
            await later.load(bad.stream)


async def test_a_key_that_could_not_be_had_is_there_when_it_can(
    database: str, pool: Pool, store: PostgresEventStore, tenant: str
) -> None:
    held, authority = session(store, tenant), PlainKeyAuthority()
    await held.append([OPENED, started()], ME)
    async with process(database, pool, authority) as later:
        authority.away = True
        with pytest.raises(KeyUnusable):
            await later.load(held.stream)
        authority.away = False
        assert (await later.load(held.stream))[1].event == started()
        authority.away = True
        later.vault.keyring.forget("")
        await store.shred(held.stream)
        assert isinstance((await later.load(held.stream))[1].event, Shredded)


@pytest.mark.parametrize(("kind", "keys"), [("search", 0), ("audit", 0), ("session", 1), ("document", 1)])
async def test_searches_and_looks_into_the_log_leave_no_key_behind(
    store: PostgresEventStore, tenant: str, database: str, kind: str, keys: int
) -> None:
    stream = f"{tenant}/{kind}/{new_id()}"
    read = AuditRead(user="me")
    await store.append([Envelope(stream=stream, version=1, at=now(), event=read, actor="me")])
    assert [envelope.event for envelope in await store.load(stream)] == [read]
    with psycopg.connect(database) as owner:
        found = owner.execute("SELECT count(*) FROM stream_keys WHERE stream = %s", (stream,)).fetchone()
    assert found == (keys,)
    if not keys:
        private = Envelope(stream=stream, version=2, at=now(), event=started(), actor="me")
        with pytest.raises(LookupError):  # and nothing private can be stored there in the clear
            await store.append([private])
